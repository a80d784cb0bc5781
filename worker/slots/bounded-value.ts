import { deepestValue, isTooDeep } from "../../src/contract/value-depth.ts";

/** A record's value without what lies deeper than `deepestValue`; a script may write on its host's descriptor itself. */
export function boundedValue(value: unknown): { value: unknown; cut: boolean } {
  return isTooDeep(value) ? { value: pruned(value, deepestValue), cut: true } : { value, cut: false };
}

function pruned(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => pruned(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pruned(member, levels - 1)]));
}
