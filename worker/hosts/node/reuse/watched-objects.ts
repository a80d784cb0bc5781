/*
 * The objects that every script of a process shares, and whether one of them was changed: the built-in objects of the
 * language and of Node, with their prototypes. Bringing one back is not tried: who changed one has changed what others rely on.
 *
 * A check looks at some two thousand properties between two jobs, so it looks at what an assignment can change only: values of
 * writable properties, and properties that came or went. For the rest the functions are watched by which that is done
 * (`Object.defineProperty` and its like). Not noticed: what hangs on single built-in functions (`Math.max.note = 1`), what is
 * assigned under a symbol that was not there, and what Node keeps out of reach.
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

const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is } = Object;
const { ownKeys } = Reflect;

/** A function that has nothing but its name and its length. */
const keysOfPlainFunction = 2;

/** Globals of Node's that are as large as all others together; what they are made of is not looked at. */
const wholeGlobals = [
  "FormData",
  "Headers",
  "Request",
  "Response",
  "WebSocket",
  "EventSource",
  "CloseEvent",
  "MessageEvent",
  "Temporal",
];

/** Functions that change an object otherwise than by assignment; the object is their first argument, or `this`. */
const changers: readonly [object, readonly string[]][] = [
  [Object, ["defineProperty", "defineProperties", "setPrototypeOf", "freeze", "seal", "preventExtensions"]],
  [Reflect, ["defineProperty", "setPrototypeOf", "preventExtensions"]],
];
const changersOfThis = ["__defineGetter__", "__defineSetter__"];

export class WatchedObjects {
  readonly #watched: Watched[] = [];
  readonly #known = new Set<object>(
    wholeGlobals.map((name) => (globalThis as unknown as Record<string, unknown>)[name]).filter(isObject),
  );
  #redefined: string | null = null;

  /** Watches an object and all that its properties lead to, without calling a getter. `without`: looked after by somebody else. */
  addTree(root: object, without: ReadonlySet<object>): void {
    const open: [object, string][] = [[root, root === globalThis ? "globalThis" : "a built-in object"]];
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
    Object.defineProperty(Object.prototype, "__proto__", {
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
  Object.defineProperty(replacement, "name", { value: name });
  Object.defineProperty(holder, name, { ...descriptor, value: replacement });
}

/** Prototypes that no global leads to. */
export function hiddenIntrinsics(): object[] {
  const instances: object[] = [
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
