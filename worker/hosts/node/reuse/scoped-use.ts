import { runbookScheme } from "../runbook-stack.ts";
import { ProcessWideSettings } from "./process-wide-settings.ts";
import type { WatchedObjects } from "./watched-objects.ts";
import { replaceFunction } from "./watched-objects.ts";

/*
 * What a script may use only in the last job of its host, because something of it lives on where nobody can see it, or
 * because it changes what is the whole process's.
 */

const { getBuiltinModule } = process;
const { defineProperty } = Object;
const { isBuiltin } = getBuiltinModule("node:module");

/** Modules that are there to change or to watch the process as a whole. */
const processWideModules: ReadonlySet<string> = new Set([
  "async_hooks",
  "cluster",
  "diagnostics_channel",
  "dns",
  "dns/promises",
  "domain",
  "ffi",
  "inspector",
  "inspector/promises",
  "module",
  "perf_hooks",
  "repl",
  "test",
  "trace_events",
  "v8",
  "vm",
  "wasi",
  "worker_threads",
]);

/** Globals whose objects may call a script back at any time, without keeping the process alive for it, or keep what it says. */
const lingeringGlobals = [
  "FinalizationRegistry",
  "MessageChannel",
  "BroadcastChannel",
  "sessionStorage",
  "localStorage",
] as const;

/** The same, of functions. */
const lingeringFunctions: readonly [object, string][] = [
  [Atomics, "waitAsync"],
  [AbortSignal, "timeout"],
  [URL, "createObjectURL"],
  [process, "dlopen"],
];

export interface ScopedUse {
  /** What the script used that its host cannot go on after, or null. */
  used(): string | null;
}

/** Watches, from now on, for what a host cannot go on after. */
export function noteScopedUse(
  watched: WatchedObjects,
  watchImports: (listener: (specifier: string) => void) => void,
): ScopedUse {
  let used: string | null = null;
  const note = (what: string): void => {
    used ??= what;
  };
  const settings = new ProcessWideSettings(note, (object, name) => watched.addTree(object, name));
  const modules = new Set<string>();
  const noteModule = (specifier: string): void => {
    const name = specifier.replace(/^node:/, "");
    if (modules.has(name)) return;
    if (!isBuiltin(specifier)) note(`a module was imported from ${specifier.slice(0, 20)}`);
    else if (processWideModules.has(name)) note(`the module ${name} was used`);
    else {
      modules.add(name);
      // Before the script gets hold of it.
      const loaded: unknown = getBuiltinModule(specifier);
      if ((typeof loaded !== "object" && typeof loaded !== "function") || loaded === null) return;
      settings.watchModule(name, loaded);
      watched.addTree(loaded, `the module ${name}`);
    }
  };
  watchImports(noteModule);
  replaceFunction(process, "getBuiltinModule", (original) => (id: unknown) => {
    if (typeof id === "string" && isBuiltin(id)) noteModule(id);
    return original(id);
  });
  for (const name of lingeringGlobals) watchGlobal(name, () => note(`${name} was used`));
  for (const [holder, name] of lingeringFunctions) watchFunction(holder, name, () => note(`${name} was used`));
  const timers = watchUnheldTimers();
  return { used: () => used ?? settings.changed() ?? (timers.areLeft() ? "a timer is left" : null) };
}

/** Timers that do not keep the process alive are told by nobody else. */
function watchUnheldTimers(): { areLeft(): boolean } {
  interface Timer extends NodeJS.Timeout {
    _destroyed?: boolean;
  }
  let unheld: Timer[] = [];
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  const prototype = Object.getPrototypeOf(timer) as { unref(this: Timer): Timer };
  const { unref } = prototype;
  prototype.unref = function (this: Timer) {
    unheld.push(this);
    return unref.call(this);
  };
  return {
    areLeft() {
      const left = unheld.some(({ _destroyed }) => _destroyed !== true);
      unheld = [];
      return left;
    },
  };
}

function watchGlobal(name: string, note: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (descriptor === undefined || descriptor.configurable !== true) return;
  const { enumerable = false, get, value } = descriptor as PropertyDescriptor & { value: unknown };
  const read = (): unknown => {
    if (isCalledByRunbook(read)) note();
    return get === undefined ? value : (get.call(globalThis) as unknown);
  };
  defineProperty(globalThis, name, {
    configurable: true,
    enumerable,
    get: read,
    set: (given: unknown) => {
      defineProperty(globalThis, name, { configurable: true, enumerable, writable: true, value: given });
    },
  });
}

/** Node's own modules use these too, when they are loaded. */
function isCalledByRunbook(getter: () => unknown): boolean {
  const caller: { stack?: string } = {};
  Error.captureStackTrace(caller, getter);
  return (caller.stack ?? "").split("\n", 2)[1]?.includes(runbookScheme) ?? true;
}

function watchFunction(holder: object, name: string, note: () => void): void {
  replaceFunction(holder, name, (original) => {
    return function (this: unknown, ...given: unknown[]) {
      note();
      return original.apply(this, given);
    };
  });
}
