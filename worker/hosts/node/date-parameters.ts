import type { ParameterSchema } from "../../../src/contract/signature.ts";

/** Makes a `Date` of every value that the runbook's signature declares as one; JSON can only carry its text. */
export function reviveDates(
  parameters: Record<string, unknown>,
  schemas: Record<string, ParameterSchema>,
): Record<string, unknown> {
  if (!JSON.stringify(schemas).includes(`"x-type":"Date"`)) return parameters;
  return revivedMembers(parameters, schemas);
}

function revived(value: unknown, schema: unknown): unknown {
  if (!isObject(schema)) return value;
  if (schema["x-type"] === "Date" && typeof value === "string") return new Date(value);
  if (Array.isArray(value)) {
    const positions = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
    return value.map((item, index) => revived(item, positions[index] ?? schema["items"]));
  }
  if (isObject(value) && (isObject(schema["properties"]) || isObject(schema["additionalProperties"]))) {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    return revivedMembers(value, properties, schema["additionalProperties"]);
  }
  // A member that may also be null, or be left out.
  if (Array.isArray(schema["anyOf"])) return schema["anyOf"].reduce(revived, value);
  return value;
}

function revivedMembers(
  members: Record<string, unknown>,
  schemas: Record<string, unknown>,
  others?: unknown,
): Record<string, unknown> {
  const entries = Object.entries(members).map(([name, value]) => [name, revived(value, schemas[name] ?? others)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
