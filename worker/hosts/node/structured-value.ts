import { structuredValueBytes, structuredValueDepth } from "../../../src/contract/stream.ts";
import { runbookStack } from "./runbook-stack.ts";

/** A value as JSON can hold it. `cut`: something was left out, at the depth, at the size, or because it could not be read. */
export interface StructuredValue {
  value: unknown;
  cut: boolean;
}

/**
 * Makes data of any value. A container deeper than `depth` (the value itself is at depth 0) is named in place of being told,
 * what is over `bytes` of JSON is left out, getters that throw are skipped, and a cycle says so. Date, Map, Set, Error,
 * bigint and binary data become what JSON has next to them.
 */
export function structuredValue(
  value: unknown,
  depth = structuredValueDepth,
  bytes = structuredValueBytes,
): StructuredValue {
  const conversion = new Conversion(depth, bytes);
  const converted = conversion.convert(value, 0);
  return { value: converted === nothing ? null : converted, cut: conversion.cut };
}

/** Stands for what JSON leaves out, such as functions. */
const nothing = Symbol("nothing");

class Conversion {
  cut = false;
  readonly #depth: number;
  #bytes: number;
  readonly #path: object[] = [];

  constructor(depth: number, bytes: number) {
    this.#depth = depth;
    this.#bytes = bytes;
  }

  convert(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#atom(Number.isFinite(value) ? value : String(value));
      case "boolean":
        return this.#atom(value);
      case "bigint":
        return this.#text(String(value));
      case "object":
        return value === null ? this.#atom(null) : this.#object(value, depth);
      default:
        return nothing;
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#path.includes(value)) return this.#shortened("[Circular]");
    this.#path.push(value);
    try {
      return this.#contents(value, depth);
    } catch {
      // A proxy's trap, or a toJSON or iterator of the script's own.
      return this.#shortened("[unreadable]");
    } finally {
      this.#path.pop();
    }
  }

  #contents(value: object, depth: number): unknown {
    if (value instanceof Date) return this.#atom(Number.isNaN(value.getTime()) ? null : value.toISOString());
    if (value instanceof Uint8Array) return this.#text(base64(value, this.#bytes));
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
      return this.#text(base64(new Uint8Array(value), this.#bytes));
    if (value instanceof RegExp) return this.#text(String(value));
    if (value instanceof Number || value instanceof String || value instanceof Boolean)
      return this.convert(value.valueOf(), depth);
    const json: unknown = (value as { toJSON?: unknown }).toJSON;
    if (typeof json === "function") {
      const replacement: unknown = json.call(value, "");
      return replacement === value ? this.#properties(value, depth) : this.convert(replacement, depth);
    }
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value) || value instanceof Set) {
      return this.#list(value as Iterable<unknown>, depth);
    }
    if (value instanceof Map) return this.#map(value, depth);
    if (value instanceof Error) return this.#error(value, depth);
    return this.#properties(value, depth);
  }

  #list(values: Iterable<unknown>, depth: number): unknown {
    const items: unknown[] = [];
    if (!this.#open(depth))
      return Array.isArray(values) && values.length === 0 ? items : this.#shortened(nameOf(values));
    for (const value of values) {
      if (this.#isFull()) break;
      const item = this.convert(value, depth + 1);
      if (this.#isFull()) break;
      items.push(item === nothing ? this.#atom(null) : item);
    }
    return items;
  }

  #map(map: Map<unknown, unknown>, depth: number): unknown {
    const isTextual = [...map.keys()].every((key) => typeof key === "string");
    if (!isTextual) return this.#list([...map.entries()], depth);
    if (!this.#open(depth)) return this.#shortened("[Map]");
    const target = emptyObject();
    for (const [key, value] of map) if (!this.#member(target, key as string, () => value, depth)) break;
    return target;
  }

  #error(error: Error, depth: number): unknown {
    if (!this.#open(depth)) return this.#shortened(`[${error.name}: ${error.message}]`);
    const target = emptyObject();
    const told = new Set(["name", "message", "stack", "cause", "errors"]);
    this.#member(target, "name", () => error.name, depth);
    this.#member(target, "message", () => error.message, depth);
    this.#member(target, "stack", () => runbookStack(String(error.stack)), depth);
    if ("cause" in error) this.#member(target, "cause", () => error.cause, depth);
    if (error instanceof AggregateError) this.#member(target, "errors", () => error.errors, depth);
    for (const key of Object.keys(error)) {
      if (!told.has(key) && !this.#member(target, key, () => (error as unknown as Record<string, unknown>)[key], depth))
        break;
    }
    return target;
  }

  #properties(value: object, depth: number): unknown {
    const keys = Object.keys(value);
    if (!this.#open(depth)) return keys.length === 0 ? {} : this.#shortened(nameOf(value));
    const target = emptyObject();
    for (const key of keys) if (!this.#member(target, key, () => (value as Record<string, unknown>)[key], depth)) break;
    return target;
  }

  /** Adds one member; false when the size is used up. */
  #member(target: Record<string, unknown>, key: string, read: () => unknown, depth: number): boolean {
    if (this.#isFull()) return false;
    let value: unknown;
    try {
      value = read();
    } catch {
      this.cut = true;
      return true;
    }
    if (!this.#spend(jsonBytes(key) + 2)) return false;
    const converted = this.convert(value, depth + 1);
    if (this.#isFull()) return false;
    if (converted !== nothing) target[key] = converted;
    return true;
  }

  #open(depth: number): boolean {
    return depth <= this.#depth && this.#spend(2);
  }

  #text(text: string): string {
    const limit = Math.max(0, this.#bytes - 2);
    // No character takes less than a byte.
    let fitting = text.length > limit ? text.slice(0, limit) : text;
    for (let size = jsonBytes(fitting); fitting !== "" && size > limit; size = jsonBytes(fitting)) {
      fitting = fitting.slice(0, Math.floor((fitting.length * limit) / size));
    }
    if (fitting.length < text.length) this.cut = true;
    this.#bytes -= jsonBytes(fitting) + 1;
    return fitting;
  }

  #atom(value: string | number | boolean | null): unknown {
    this.#spend(String(value).length + 3);
    return value;
  }

  #shortened(name: string): string {
    this.cut = true;
    return this.#text(name);
  }

  #spend(bytes: number): boolean {
    this.#bytes -= bytes;
    return !this.#isFull();
  }

  #isFull(): boolean {
    if (this.#bytes > 0) return false;
    this.cut = true;
    return true;
  }
}

function emptyObject(): Record<string, unknown> {
  // Without a prototype, so that a member named __proto__ is a member like any other.
  return Object.create(null) as Record<string, unknown>;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

function base64(bytes: Uint8Array, limit: number): string {
  const part = bytes.length > limit ? bytes.subarray(0, limit) : bytes;
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("base64");
}

function nameOf(value: object): string {
  if (Array.isArray(value)) return `[Array(${value.length})]`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? `[${name}]` : "[Object]";
}
