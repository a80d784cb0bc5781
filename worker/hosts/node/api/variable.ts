import type { VariableType } from "../../../../src/contract/assets.ts";
import { askAssets, assetValue } from "./asset-values.ts";

/**
 * What the variable of this name holds: a string, a number, a boolean, a `Date`, an object, an array or null. Within a second,
 * the same is given again. Rejects with an `AssetError` where there is none that this runbook may use.
 *
 *     const region = await variable<string>("Region");
 */
export async function variable<Value = unknown>(name: string): Promise<Value> {
  const { type, value } = await assetValue("variable", name);
  return (type === "date-time" ? new Date(String(value)) : value) as Value;
}

/**
 * Gives a variable that exists a new value: whatever JSON can say, or a `Date`. An encrypted one stays encrypted, and its new value is
 * masked from then on. Rejects with an `AssetError` where there is no such variable that this runbook may use.
 *
 *     await setVariable("LastRun", new Date());
 */
export async function setVariable(name: string, value: unknown): Promise<void> {
  await askAssets({ action: "set-variable", name, ...storable(value) });
}

function storable(value: unknown): { type: VariableType; value: unknown } {
  if (value === null) return { type: "null", value };
  if (value instanceof Date) return { type: "date-time", value: value.toISOString() };
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`JSON knows no number ${value}.`);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return { type: typeof value as VariableType, value };
  const text = typeof value === "bigint" ? undefined : JSON.stringify(value);
  if (text === undefined) throw new TypeError(`A variable cannot hold a value of type ${typeof value}.`);
  return { type: "object", value: JSON.parse(text) };
}
