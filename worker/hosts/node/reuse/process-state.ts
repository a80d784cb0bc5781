/*
 * What belongs to the process as a whole, and is put back after each job: global variables, the properties and listeners of
 * `process`, the console, settings of errors, environment, working folder and file mode mask.
 */

const { defineProperty, getOwnPropertyDescriptor } = Object;
const { deleteProperty, ownKeys } = Reflect;
const { chdir, cwd, umask } = process;
const { isMap } = process.getBuiltinModule("node:util").types;
const { clear } = Map.prototype;
const eventNames = process.eventNames.bind(process);
const rawListeners = process.rawListeners.bind(process);
const removeListener = process.removeListener.bind(process);

/** Properties of `process` that have their own rules here, or that the host sets for each job. */
const ownRules: ReadonlySet<PropertyKey> = new Set(["env", "argv", "_events", "_eventsCount"]);

const nothing: ReadonlySet<PropertyKey> = new Set();

/**
 * Globals that Node loads together when one is first looked at, which takes 25 ms and 20 MB: they are looked at, and put back, where
 * the script names one of them, or `fetch`.
 */
const loadedOnDemand =
  "FormData Headers Request Response WebSocket EventSource MessageEvent CloseEvent ErrorEvent".split(" ");

function isFetchNamed(words: ReadonlySet<string>): boolean {
  return words.has("fetch") || loadedOnDemand.some((name) => words.has(name));
}

/** To be called before anything is watched: what Node loads for them defines a global of its own. */
export function loadFetch(words: ReadonlySet<string>): void {
  if (isFetchNamed(words)) void globalThis.Headers;
}

export interface ProcessState {
  /** Objects that are put back, and so need no watching. */
  readonly restored: ReadonlySet<object>;
  /** Puts all back. @returns what cannot be, or null */
  restore(): string | null;
}

interface Properties {
  readonly object: object;
  readonly name: string;
  readonly descriptors: ReadonlyMap<PropertyKey, PropertyDescriptor>;
  readonly except: ReadonlySet<PropertyKey>;
  /** What an assignment may have changed, to be looked at first: values, and accessors that an assignment may have replaced. */
  readonly writable: readonly PropertyKey[];
  readonly values: readonly unknown[];
  readonly settable: readonly PropertyKey[];
  readonly setters: readonly unknown[];
}

/** @param words All words of the script. */
export function noteProcessState(words: ReadonlySet<string>): ProcessState {
  const notLookedAt = isFetchNamed(words) ? nothing : new Set(loadedOnDemand);
  const objects = [
    propertiesOf(globalThis, "globalThis", notLookedAt),
    propertiesOf(process, "process", ownRules),
    propertiesOf(console, "console"),
    propertiesOf(Error, "Error"),
  ];
  const environment = { ...process.env };
  const environmentText = JSON.stringify(process.env);
  const folder = cwd();
  const mask = umask();
  const counted = consoleMaps();
  const listeners = new Map(eventNames().map((name) => [name, new Set<unknown>(rawListeners(name as string))]));
  return {
    restored: new Set(objects.map(({ object }) => object)),
    restore() {
      process.exitCode = undefined;
      for (const properties of objects) {
        const kept = isUnchanged(properties) ? null : putBack(properties);
        if (kept !== null) return `${properties.name}.${String(kept)} cannot be put back`;
      }
      for (const labels of counted) clear.call(labels);
      // The last match that RegExp remembers for everybody.
      /^/.exec("");
      if (JSON.stringify(process.env) !== environmentText) restoreEnvironment(environment);
      if (!isIn(folder)) chdir(folder);
      umask(mask);
      return removeListeners(listeners) ? null : "a listener of the host was removed";
    },
  };
}

function propertiesOf(object: object, name: string, except = nothing): Properties {
  const descriptors = new Map<PropertyKey, PropertyDescriptor>();
  const present = ownKeys(object);
  for (const key of present) {
    const descriptor = except.has(key) ? undefined : getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined) descriptors.set(key, descriptor);
  }
  const found = [...descriptors];
  const writable = found.filter(([, { writable }]) => writable === true);
  const settable = found.filter(([, { set }]) => set !== undefined);
  return {
    object,
    name,
    descriptors,
    except: new Set(present.filter((key) => except.has(key))),
    writable: writable.map(([key]) => key),
    values: writable.map(([, { value }]) => value as unknown),
    settable: settable.map(([key]) => key),
    setters: settable.map(([, { set }]) => set),
  };
}

function isUnchanged({ object, descriptors, except, writable, values, settable, setters }: Properties): boolean {
  if (ownKeys(object).length !== descriptors.size + except.size) return false;
  const now = object as Record<PropertyKey, unknown>;
  for (let index = 0; index < writable.length; index++) {
    if (!Object.is(now[writable[index] as PropertyKey], values[index])) return false;
  }
  for (let index = 0; index < settable.length; index++) {
    if (getOwnPropertyDescriptor(object, settable[index] as PropertyKey)?.set !== setters[index]) return false;
  }
  return true;
}

/** @returns the property that cannot be put back, or null */
function putBack({ object, descriptors, except }: Properties): PropertyKey | null {
  const keys = ownKeys(object);
  if (keys.length !== descriptors.size + except.size) {
    for (const key of keys) {
      if (!descriptors.has(key) && !except.has(key) && !deleteProperty(object, key)) return key;
    }
  }
  for (const [key, before] of descriptors) {
    const now = getOwnPropertyDescriptor(object, key);
    if (now !== undefined && isSame(now, before)) continue;
    try {
      defineProperty(object, key, before);
    } catch {
      return key;
    }
  }
  return null;
}

function isSame(one: PropertyDescriptor, other: PropertyDescriptor): boolean {
  return (
    Object.is(one.value, other.value) &&
    one.get === other.get &&
    one.set === other.set &&
    one.writable === other.writable &&
    one.enumerable === other.enumerable &&
    one.configurable === other.configurable
  );
}

/** What the console keeps of its own: counters and timers by label. */
function consoleMaps(): Map<unknown, unknown>[] {
  const values = ownKeys(console).map((key) => (console as unknown as Record<PropertyKey, unknown>)[key]);
  // Not `instanceof`: Node's own have another prototype.
  return values.filter((value) => isMap(value));
}

function restoreEnvironment(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name];
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) process.env[name] = value;
}

function isIn(folder: string): boolean {
  try {
    return cwd() === folder;
  } catch {
    // It was removed.
    return false;
  }
}

/** @returns whether the host's own listeners are all there */
function removeListeners(before: ReadonlyMap<string | symbol, ReadonlySet<unknown>>): boolean {
  for (const name of eventNames()) {
    const known = before.get(name);
    for (const listener of rawListeners(name as string)) {
      if (known?.has(listener) !== true) removeListener(name as string, listener as () => void);
    }
  }
  for (const [name, known] of before) if (rawListeners(name as string).length !== known.size) return false;
  return true;
}
