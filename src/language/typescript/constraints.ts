import type { ParameterSchema } from "../../contract/signature.ts";
import type { ts } from "./compiler.ts";
import type { DocComment } from "./doc-comments.ts";
import type { Problems } from "./problems.ts";

type SchemaType = "string" | "number" | "array";

/** JSON Schema keywords that a doc comment may give, and the type of value they constrain. */
const numberKeywords: Readonly<Record<string, SchemaType>> = {
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  minLength: "string",
  maxLength: "string",
  minItems: "array",
  maxItems: "array",
};

/** The formats that the service checks (ajv-formats). */
const formats =
  "date date-time time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex uuid json-pointer relative-json-pointer byte int32 int64 float double password binary iso-time iso-date-time".split(
    " ",
  );

/**
 * Adds to a schema what the tags of its doc comment say: JSON Schema's own keywords (`@minimum 1`, `@pattern ^a`,
 * `@format email`, `@uniqueItems`, …), `@integer`, `@title`, `@example`, `@default`, `@deprecated` and `@secret`.
 */
export function addConstraints(schema: ParameterSchema, { tags }: DocComment, at: ts.Node, problems: Problems): void {
  for (const { name, text } of tags) {
    const fault = addConstraint(schema, name, text);
    if (fault !== undefined) problems.warning("invalid-constraint", at, `@${name} is not taken: ${fault}`);
  }
}

/** Returns what is wrong with the tag, for a person. */
function addConstraint(schema: ParameterSchema, name: string, text: string): string | undefined {
  const type = numberKeywords[name];
  if (type !== undefined) {
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) return `"${text}" is not a number.`;
    if (type !== "number" && !(Number.isInteger(value) && value >= 0)) return `"${text}" is not a count.`;
    return constrain(schema, type, name, value);
  }
  switch (name) {
    case "pattern":
      return faultOfPattern(text) ?? constrain(schema, "string", "pattern", text);
    case "format":
      if (!formats.includes(text)) return `"${text}" is not a known format; there are ${formats.join(", ")}.`;
      return constrain(schema, "string", "format", text);
    case "uniqueItems":
      return constrain(schema, "array", "uniqueItems", true);
    case "integer":
      return constrain(schema, "number", "type", "integer");
    case "title":
      schema["title"] = text;
      return undefined;
    case "deprecated":
      schema["deprecated"] = true;
      return undefined;
    case "secret":
      schema["x-secret"] = true;
      return undefined;
    case "example":
      schema["examples"] = [...((schema["examples"] as unknown[] | undefined) ?? []), exampleValue(text)];
      return undefined;
    case "default":
      schema.default = exampleValue(text);
      return undefined;
    default:
      return undefined;
  }
}

function constrain(schema: ParameterSchema, type: SchemaType, keyword: string, value: unknown): string | undefined {
  const target = targetOf(schema, type);
  if (target === undefined)
    return `it is for ${type === "array" ? "an array" : `a ${type}`}, which this parameter is not.`;
  target[keyword] = value;
  return undefined;
}

/** The schema itself, the branch of a union, or the items of an array. */
function targetOf(schema: ParameterSchema, type: SchemaType): ParameterSchema | undefined {
  if (schema["type"] === type || (type === "number" && schema["type"] === "integer")) return schema;
  const inner: unknown[] = Array.isArray(schema["anyOf"])
    ? schema["anyOf"]
    : schema["type"] === "array"
      ? [schema["items"]]
      : [];
  for (const each of inner) {
    const found = typeof each === "object" && each !== null ? targetOf(each as ParameterSchema, type) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function faultOfPattern(text: string): string | undefined {
  try {
    new RegExp(text, "u");
    return text === "" ? "a pattern is missing." : undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}.`;
  }
}

/** JSON where it is JSON, else the text. */
function exampleValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.replace(/^(["'`])(.*)\1$/s, "$2");
  }
}
