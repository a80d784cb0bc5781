/*
 * The objects that every script of a process shares, and whether one of them was changed: the built-in objects of the
 * language and of Node with their prototypes. Bringing one back is not tried: who changed one has changed what others rely on.
 *
 * Not looked at: what hangs on single built-in functions (`Math.max.note = 1`), and what Node keeps out of reach.
 */

interface Watched {
  readonly object: object;
  readonly name: string;
  readonly prototype: object | null;
  readonly keys: number;
  /** Data properties with their values, and accessors with their functions, each twice as long as there are properties. */
  readonly dataKeys: readonly PropertyKey[];
  readonly values: readonly unknown[];
  readonly accessorKeys: readonly PropertyKey[];
  readonly getters: readonly unknown[];
  readonly setters: readonly unknown[];
}

const { getOwnPropertyDescriptor, getPrototypeOf, is } = Object;
const { ownKeys } = Reflect;

/** A function that has nothing but its name and its length. */
const keysOfPlainFunction = 2;

export class WatchedObjects {
  readonly #watched: Watched[] = [];
  readonly #known = new Set<object>();

  /** Watches an object and all that its properties lead to, without calling a getter. `without`: looked after by somebody else. */
  addTree(root: object, without: ReadonlySet<object>): void {
    const open: [object, string][] = [[root, root === globalThis ? "globalThis" : "a built-in object"]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [object, name] = next;
      if (this.#known.has(object)) continue;
      this.#known.add(object);
      const found: [unknown, string][] = [];
      const watched = look(object, name, found);
      if (!without.has(object) && !(typeof object === "function" && watched.keys <= keysOfPlainFunction)) {
        this.#watched.push(watched);
      }
      for (const [value, path] of found) if (isObject(value)) open.push([value, path]);
    }
  }

  /** What was changed, or null. */
  changed(): string | null {
    for (let index = 0; index < this.#watched.length; index++) {
      const watched = this.#watched[index];
      if (watched !== undefined && isChanged(watched)) return `${watched.name} was changed`;
    }
    return null;
  }
}

/** Prototypes that no global leads to. */
export function noteHiddenIntrinsics(): object[] {
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

function look(object: object, name: string, found: [unknown, string][]): Watched {
  const prototype = getPrototypeOf(object) as object | null;
  found.push([prototype, `the prototype of ${name}`]);
  const keys = ownKeys(object);
  const dataKeys: PropertyKey[] = [];
  const values: unknown[] = [];
  const accessorKeys: PropertyKey[] = [];
  const getters: unknown[] = [];
  const setters: unknown[] = [];
  for (const key of keys) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    const path = typeof key === "symbol" ? `${name}[${String(key)}]` : `${name}.${key}`;
    if ("value" in descriptor) {
      dataKeys.push(key);
      values.push(descriptor.value);
      found.push([descriptor.value, path]);
    } else {
      accessorKeys.push(key);
      getters.push(descriptor.get);
      setters.push(descriptor.set);
      found.push([descriptor.get, path], [descriptor.set, path]);
    }
  }
  return { object, name, prototype, keys: keys.length, dataKeys, values, accessorKeys, getters, setters };
}

function isChanged({ object, prototype, keys, dataKeys, values, accessorKeys, getters, setters }: Watched): boolean {
  if (ownKeys(object).length !== keys || getPrototypeOf(object) !== prototype) return true;
  const now = object as Record<PropertyKey, unknown>;
  for (let index = 0; index < dataKeys.length; index++) {
    if (!is(now[dataKeys[index] as PropertyKey], values[index])) return true;
  }
  for (let index = 0; index < accessorKeys.length; index++) {
    const descriptor = getOwnPropertyDescriptor(object, accessorKeys[index] as PropertyKey);
    if (descriptor?.get !== getters[index] || descriptor?.set !== setters[index]) return true;
  }
  return false;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
