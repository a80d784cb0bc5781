/*
 * The objects that every script of a process shares, and whether one of them was changed: the built-in objects of the language
 * and the best known of Node's, with their prototypes, and the modules of Node's that scripts import. Bringing one back is not
 * tried: who changed one has changed what others rely on.
 *
 * A check looks at a thousand properties between two jobs, so it looks at what an assignment can change only: values of writable
 * properties, and properties that came or went. For the rest the functions are watched by which that is done
 * (`Object.defineProperty` and its like). Not noticed: what hangs on single built-in functions (`Math.max.note = 1`), what is
 * assigned under a symbol that was not there, other classes of the Web (streams, `Headers`), and what Node keeps out of reach.
 */

interface Watched {
  readonly object: object;
  readonly name: string;
  /** What `for … in` finds, of its prototypes too. */
  readonly enumerable: number;
  readonly keys: readonly PropertyKey[];
  readonly values: readonly unknown[];
  readonly accessors: readonly PropertyKey[];
}

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is } = Object;
const { ownKeys } = Reflect;

const nothing: ReadonlySet<object> = new Set();

/** A function that has nothing but its name and its length. */
const keysOfPlainFunction = 2;

/** Globals whose objects are always watched. The others are where the script names them: whoever changes one has to. */
const alwaysWatched: ReadonlySet<string> = new Set(
  [
    "Object Function Array Number Boolean String Symbol BigInt Date RegExp JSON Math Intl Reflect Proxy Atomics Iterator",
    "Map Set WeakMap WeakSet WeakRef Promise Buffer ArrayBuffer SharedArrayBuffer DataView",
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array",
    "Float16Array Float32Array Float64Array",
    "Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError",
    "URL URLSearchParams AbortController AbortSignal Event EventTarget TextEncoder TextDecoder",
  ].flatMap((names) => names.split(" ")),
);

/** Globals behind a getter that is safe to call, which may cost something. */
const behindGetters: ReadonlySet<string> = new Set(["Buffer", "performance", "crypto", "navigator"]);

/** Functions that change an object otherwise than by assignment; the object is their first argument, or `this`. */
const changers: readonly [object, readonly string[]][] = [
  [Object, ["defineProperty", "defineProperties", "setPrototypeOf", "freeze", "seal", "preventExtensions"]],
  [Reflect, ["defineProperty", "setPrototypeOf", "preventExtensions"]],
];
const changersOfThis = ["__defineGetter__", "__defineSetter__"];

export class WatchedObjects {
  readonly #watched: Watched[] = [];
  readonly #known = new Set<object>([globalThis, process, console]);
  #redefined: string | null = null;

  /**
   * Watches what a script of the process may use without importing it.
   * @param words All words of the script.
   * @param without Looked after by somebody else.
   */
  addBuiltIns(words: ReadonlySet<string>, without: ReadonlySet<object>): void {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (!alwaysWatched.has(name) && !words.has(name)) continue;
      const isSafe = behindGetters.has(name) || getOwnPropertyDescriptor(globalThis, name)?.get === undefined;
      const value: unknown = isSafe ? (globalThis as unknown as Record<string, unknown>)[name] : undefined;
      if (isObject(value)) this.addTree(value, name, without);
    }
    for (const prototype of hiddenPrototypes()) this.addTree(prototype, "a prototype", without);
  }

  /** Watches an object and all that its properties lead to, without calling a getter. */
  addTree(root: object, rootName: string, without: ReadonlySet<object> = nothing): void {
    const open: [object, string][] = [[root, rootName]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [object, name] = next;
      if (this.#known.has(object)) continue;
      this.#known.add(object);
      const found: [unknown, string][] = [];
      const watched = look(object, name, found);
      if (watched !== null && !without.has(object)) this.#watched.push(watched);
      for (const [value, path] of found) if (isObject(value)) open.push([value, path]);
    }
  }

  /** Watches the functions by which a script could change an object unseen. */
  watchChangers(): void {
    const note = (object: unknown, how: string): void => {
      if (isObject(object) && this.#known.has(object)) this.#redefined ??= `${how} was used on a built-in object`;
    };
    for (const [holder, names] of changers) {
      for (const name of names) {
        replaceFunction(holder, name, (original) => (object: unknown, ...rest: unknown[]) => {
          note(object, name);
          return original(object, ...rest);
        });
      }
    }
    for (const name of changersOfThis) {
      replaceFunction(Object.prototype, name, (original) => {
        return function (this: unknown, ...given: unknown[]) {
          note(this, name);
          return original.apply(this, given);
        };
      });
    }
    const prototype = getOwnPropertyDescriptor(Object.prototype, "__proto__");
    const set = prototype?.set;
    if (prototype === undefined || set === undefined) return;
    defineProperty(Object.prototype, "__proto__", {
      ...prototype,
      set(this: unknown, value: unknown) {
        note(this, "__proto__");
        set.call(this, value);
      },
    });
  }

  /** What was changed, or null. */
  changed(): string | null {
    if (this.#redefined !== null) return this.#redefined;
    for (let index = 0; index < this.#watched.length; index++) {
      const watched = this.#watched[index];
      if (watched !== undefined && isChanged(watched)) return `${watched.name} was changed`;
    }
    return null;
  }
}

/** Puts a function in the place of one of an object's, under the same name. */
export function replaceFunction(
  holder: object,
  name: string,
  make: (original: (...given: unknown[]) => unknown) => (...given: never[]) => unknown,
): void {
  const descriptor = getOwnPropertyDescriptor(holder, name);
  const original: unknown = descriptor?.value;
  if (typeof original !== "function") return;
  const replacement = make(original as (...given: unknown[]) => unknown);
  defineProperty(replacement, "name", { value: name });
  defineProperty(holder, name, { ...descriptor, value: replacement });
}

/** Prototypes that no global leads to. */
function hiddenPrototypes(): object[] {
  const instances: object[] = [
    process,
    async () => {},
    function* () {},
    async function* () {},
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map().entries(),
    new Set().entries(),
    "".matchAll(/./g),
    new Uint8Array(),
  ];
  return instances.map((instance) => getPrototypeOf(instance) as object);
}

/** Null for what is not worth watching: a function with nothing of its own. */
function look(object: object, name: string, found: [unknown, string][]): Watched | null {
  found.push([getPrototypeOf(object), `the prototype of ${name}`]);
  const all = ownKeys(object);
  const keys: PropertyKey[] = [];
  const values: unknown[] = [];
  const accessors: PropertyKey[] = [];
  for (const key of all) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    const path = typeof key === "symbol" ? `${name}[${String(key)}]` : `${name}.${key}`;
    if ("value" in descriptor) {
      found.push([descriptor.value, path]);
      if (descriptor.writable !== true) continue;
      keys.push(key);
      values.push(descriptor.value);
    } else {
      found.push([descriptor.get, path], [descriptor.set, path]);
      accessors.push(key);
    }
  }
  if (typeof object === "function" && all.length <= keysOfPlainFunction) return null;
  return { object, name, enumerable: enumerableCount(object), keys, values, accessors };
}

function isChanged({ object, enumerable, keys, values, accessors }: Watched): boolean {
  const now = object as Record<PropertyKey, unknown>;
  for (let index = 0; index < keys.length; index++) {
    if (!is(now[keys[index] as PropertyKey], values[index])) return true;
  }
  for (let index = 0; index < accessors.length; index++) {
    if (!hasOwn(object, accessors[index] as PropertyKey)) return true;
  }
  return enumerableCount(object) !== enumerable;
}

/** Costs next to nothing where there is nothing: engines keep a list of what `for … in` finds. */
function enumerableCount(object: object): number {
  let count = 0;
  for (const _ in object) count++;
  return count;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
