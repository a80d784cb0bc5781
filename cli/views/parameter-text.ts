import type { ParameterSchema } from "../../src/contract/signature.ts";

/** Bounds beyond these are a type's own, such as those of a 32-bit integer, and tell a person nothing. */
const tellingBound = 2 ** 31 - 1;
const mostChoices = 20;

/** One parameter in one line: name, type, default, what is allowed, help. */
export function parameterText(name: string, schema: ParameterSchema, required: boolean): string {
  const type = schema["x-type"] ?? (typeof schema.type === "string" ? schema.type : "any");
  const initial = schema.default === undefined ? "" : ` = ${JSON.stringify(schema.default)}`;
  const notes = [
    ...(required ? ["required"] : []),
    ...(schema["x-secret"] === true ? ["secret"] : []),
    ...constraints(schema, type),
  ];
  const help = schema.description === undefined ? "" : `  ${schema.description.replaceAll(/\s+/g, " ")}`;
  return `${name}: ${type}${initial}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}${help}`;
}

/** What a value must keep to, of an array's items too. */
function constraints(schema: ParameterSchema, type: string): string[] {
  const asset = schema["x-asset"];
  if (asset !== undefined) return [`the name of a ${asset}`];
  const items = schema["items"];
  return [
    ...choices(schema, type),
    ...amount("", bound(schema["minimum"]), bound(schema["maximum"])),
    ...(schema["exclusiveMinimum"] === undefined ? [] : [`more than ${schema["exclusiveMinimum"]}`]),
    ...(schema["exclusiveMaximum"] === undefined ? [] : [`less than ${schema["exclusiveMaximum"]}`]),
    ...(schema["multipleOf"] === undefined ? [] : [`a multiple of ${schema["multipleOf"]}`]),
    ...amount(" character", schema["minLength"], schema["maxLength"]),
    ...(schema["pattern"] === undefined ? [] : [`matches ${schema["pattern"]}`]),
    ...amount(" item", schema["minItems"], schema["maxItems"]),
    ...(typeof items === "object" && items !== null
      ? constraints(items as ParameterSchema, type).map((text) => `each ${text}`)
      : []),
  ];
}

function choices(schema: ParameterSchema, type: string): string[] {
  const values = schema["enum"];
  if (!Array.isArray(values)) return [];
  const written = values.map((value) => JSON.stringify(value));
  // TypeScript's types of literals name them already.
  if (written.every((value) => type.includes(value))) return [];
  const more = written.length > mostChoices ? ` and ${written.length - mostChoices} more` : "";
  return [`one of ${written.slice(0, mostChoices).join(", ")}${more}`];
}

function bound(value: unknown): unknown {
  return typeof value === "number" && Math.abs(value) >= tellingBound ? undefined : value;
}

/** @param unit in the singular, with the space before it */
function amount(unit: string, least: unknown, most: unknown): string[] {
  if (least === undefined && most === undefined) return [];
  const units = unit === "" || (most ?? least) === 1 ? unit : `${unit}s`;
  if (most === undefined) return [`at least ${least}${units}`];
  if (least === undefined) return [`at most ${most}${units}`];
  return [least === most ? `${least}${units}` : `${least} to ${most}${units}`];
}
