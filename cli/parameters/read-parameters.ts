import { readFileSync } from "node:fs";
import type { ParameterSchema, Signature } from "../../src/contract/signature.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { askSecret } from "./ask-secret.ts";

/**
 * The parameters of a start: those of `--parameters-file` (JSON or YAML, `-` for standard input), over them those of
 * `-p name=value`, and secret ones that are required and given by neither are asked on the terminal.
 * Throws `UserError` for what cannot be read; whether the values fit is the service's to judge.
 */
export async function readParameters(
  signature: Signature | null,
  pairs: readonly string[],
  file: string | undefined,
): Promise<Record<string, unknown>> {
  const parameters = {
    ...(file === undefined ? {} : await parametersOfFile(file)),
    ...parametersOfPairs(signature, pairs),
  };
  for (const name of signature?.required ?? []) {
    if (signature?.properties[name]?.["x-secret"] && !(name in parameters)) parameters[name] = await askSecret(name);
  }
  return parameters;
}

/**
 * Reads `name=value` pairs. A value is JSON where it parses as JSON, else text; and text too where the signature takes
 * text only, so that `-p code=007` keeps its zeros. Names are found whatever their case. A name alone switches on.
 */
export function parametersOfPairs(signature: Signature | null, pairs: readonly string[]): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [, written = "", given] = /^([^=]+?)(?:=(.*))?$/s.exec(pair) ?? [];
    const name = declaredName(signature, written.trim());
    const schema = signature?.properties[name];
    if (name === "" || (given === undefined && !acceptsOnly(schema, "boolean", signature))) {
      throw new UserError("invalid-parameter-option", `-p takes name=value, not "${pair}".`, {
        remedy:
          'Write -p name=value; a value with spaces in quotes, lists and objects as JSON: -p \'hosts=["a","b"]\'.',
      });
    }
    if (Object.hasOwn(parameters, name)) {
      throw new UserError("parameter-twice", `-p gives "${name}" twice.`, {
        remedy: `Give a list as JSON: -p '${name}=["a","b"]'.`,
      });
    }
    if (schema?.["x-secret"]) {
      process.stderr.write(
        `Warning: "${name}" is secret, and other users of this machine can see command lines. Leave it out to be asked for it, or use --parameters-file.\n`,
      );
    }
    parameters[name] = given === undefined ? true : parameterValue(name, given, schema, signature);
  }
  return parameters;
}

function parameterValue(
  name: string,
  text: string,
  schema: ParameterSchema | undefined,
  signature: Signature | null,
): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const structure = /^\s*[[{]/.exec(text)?.[0].trim();
    if (structure !== undefined && !takesText(schema, signature)) {
      throw notJson(name, structure === "[" ? "list" : "object", error as Error);
    }
    return text;
  }
  return typeof value !== "string" && acceptsOnly(schema, "string", signature) ? text : value;
}

/** What begins as JSON and is none would be text, and text is not what the parameter takes. */
function notJson(name: string, structure: "list" | "object", error: Error): UserError {
  const example = structure === "list" ? `'${name}=["a","b"]'` : `'${name}={"a":1}'`;
  return new UserError(
    "parameter-not-json",
    `The value of "${name}" begins like a ${structure} in JSON, but is none, and as text it does not fit: ${error.message}`,
    { remedy: `Write the whole ${structure} as JSON, in quotes for the shell: -p ${example}.` },
  );
}

/** Whether a text may fit; also where that cannot be told. */
function takesText(schema: ParameterSchema | undefined, signature: Signature | null): boolean {
  const types = acceptedTypes(schema, signature, 0);
  return types === null || types.has("string");
}

/** PowerShell's parameters have no case; those of TypeScript seldom differ in nothing else. */
function declaredName(signature: Signature | null, name: string): string {
  const declared = Object.keys(signature?.properties ?? {});
  if (declared.includes(name)) return name;
  const alike = declared.filter((each) => each.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? (alike[0] ?? name) : name;
}

/** Whether a schema takes values of this JSON type (and null) and no other. */
function acceptsOnly(schema: ParameterSchema | undefined, type: string, signature: Signature | null): boolean {
  const types = acceptedTypes(schema, signature, 0);
  types?.delete("null");
  return types !== null && types.size === 1 && types.has(type);
}

/** The JSON types a schema takes; null when they cannot be told. */
function acceptedTypes(
  schema: ParameterSchema | undefined,
  signature: Signature | null,
  depth: number,
): Set<string> | null {
  if (schema === undefined || depth > 8) return null;
  if (typeof schema.$ref === "string") {
    const name = decodeURIComponent(schema.$ref.replace(/^#\/\$defs\//, ""));
    return acceptedTypes(signature?.$defs?.[name], signature, depth + 1);
  }
  if (schema.type !== undefined) return new Set([schema.type].flat().map(String));
  if (Array.isArray(schema.enum)) return new Set(schema.enum.map(jsonType));
  if ("const" in schema) return new Set([jsonType(schema.const)]);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(alternatives)) return null;
  const union = new Set<string>();
  for (const alternative of alternatives as ParameterSchema[]) {
    const types = acceptedTypes(alternative, signature, depth + 1);
    if (types === null) return null;
    for (const type of types) union.add(type);
  }
  return union;
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

async function parametersOfFile(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new UserError("file-not-found", `The parameters file ${file} cannot be read: ${(error as Error).message}.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = await parseYaml(file, text);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError("invalid-parameters-file", `The parameters file ${file} holds no names with values.`, {
    remedy: 'Write JSON such as {"hosts": ["a", "b"]}, or the same in YAML.',
  });
}

async function parseYaml(file: string, text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text);
  } catch (error) {
    throw new UserError(
      "invalid-parameters-file",
      `The parameters file ${file} is neither JSON nor YAML: ${(error as Error).message}`,
    );
  }
}
