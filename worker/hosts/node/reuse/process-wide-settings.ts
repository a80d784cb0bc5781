import { replaceFunction } from "./watched-objects.ts";

/*
 * Settings of Node's for the whole process that show in no property: what is set by calling a function, or by an assignment that a
 * setter takes away to where nobody else can look.
 */

const { getBuiltinModule } = process;
const { syncBuiltinESMExports } = getBuiltinModule("node:module");
const { defineProperty, getOwnPropertyDescriptor } = Object;

const functionsOfProcess = [
  "setUncaughtExceptionCaptureCallback",
  "addUncaughtExceptionCaptureCallback",
  "setSourceMapsEnabled",
  "setuid",
  "seteuid",
  "setgid",
  "setegid",
  "setgroups",
  "initgroups",
];

/** By module. */
const functionsOfModules: Readonly<Record<string, readonly string[]>> = {
  crypto: ["setEngine", "setFips"],
  http: ["setMaxIdleHTTPParsers", "setGlobalProxyFromEnv"],
  net: ["setDefaultAutoSelectFamily", "setDefaultAutoSelectFamilyAttemptTimeout"],
  os: ["setPriority"],
  stream: ["setDefaultHighWaterMark"],
  tls: ["setDefaultCACertificates"],
  util: ["setTraceSigInt"],
  zlib: ["setMaxZipContentSize"],
};

/** What settings are behind a getter, and what is read there, by module. */
const readable: Readonly<Record<string, (module: never) => unknown[]>> = {
  events: (events: typeof import("node:events")) => [events.defaultMaxListeners, events.captureRejections],
  http: ({ globalAgent }: typeof import("node:http")) => [globalAgent],
  util: ({ inspect }: typeof import("node:util")) => [inspect.defaultOptions],
};

/** What was seen behind getters when a script first got hold of a module. */
interface Seen {
  readonly name: string;
  readonly read: () => unknown[];
  readonly values: readonly unknown[];
}

export class ProcessWideSettings {
  readonly #note: (what: string) => void;
  readonly #watchObject: (object: object, name: string) => void;
  readonly #seen: Seen[] = [];

  /** @param watchObject Has a look at what a setting holds from now on. */
  constructor(note: (what: string) => void, watchObject: (object: object, name: string) => void) {
    this.#note = note;
    this.#watchObject = watchObject;
    this.#watchFunctions(process, "process", functionsOfProcess);
    // They are in use without an import: by the console, and by whatever tells of events.
    for (const name of ["events", "util"]) this.#look(name, getBuiltinModule(`node:${name}`) as object);
  }

  /** Before a script gets hold of the module. */
  watchModule(name: string, module: object): void {
    const functions = functionsOfModules[name] ?? [];
    this.#watchFunctions(module, name, functions);
    this.#watchSetters(module, name);
    this.#look(name, module);
    // What scripts import by name was copied when Node loaded the module.
    if (functions.length > 0) syncBuiltinESMExports();
  }

  /** What was set to something else, or null. */
  changed(): string | null {
    for (const { name, read, values } of this.#seen) {
      if (read().some((value, index) => !Object.is(value, values[index]))) return `settings of ${name} were changed`;
    }
    return null;
  }

  #look(name: string, module: object): void {
    const readModule = readable[name];
    if (readModule === undefined || this.#seen.some((seen) => seen.name === name)) return;
    const read = () => readModule(module as never);
    const values = read();
    for (const value of values) {
      if (typeof value === "object" && value !== null) this.#watchObject(value, `a setting of ${name}`);
    }
    this.#seen.push({ name, read, values });
  }

  #watchFunctions(holder: object, name: string, functions: readonly string[]): void {
    for (const key of functions) {
      replaceFunction(holder, key, (original) => {
        return (...given: unknown[]) => {
          this.#note(`${name}.${key} was used`);
          return original.apply(holder, given);
        };
      });
    }
  }

  #watchSetters(module: object, name: string): void {
    for (const key of Reflect.ownKeys(module)) {
      const descriptor = getOwnPropertyDescriptor(module, key);
      const set = descriptor?.set;
      if (descriptor === undefined || set === undefined || descriptor.configurable !== true) continue;
      const note = () => this.#note(`${name}.${String(key)} was set`);
      defineProperty(module, key, {
        ...descriptor,
        set(this: unknown, value: unknown) {
          note();
          set.call(this, value);
        },
      });
    }
  }
}
