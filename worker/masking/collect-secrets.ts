import type { ParameterSchema } from "../../src/contract/signature.ts";

/** Shorter values would mask half of every text and hide nothing. */
export const leastSecretLength = 4;

/** Lines of a secret of several lines are secrets too, from this length on: scripts print such texts line by line. */
const leastSecretLineLength = 8;

/**
 * The texts that must not appear in what a job says: every leaf of the values of secret parameters (`x-secret`, at any
 * depth of the schema), as it is and as JSON, URLs and Node's inspector write it. Longest first.
 */
export function collectSecrets(
  parameters: Readonly<Record<string, unknown>>,
  schemas: Readonly<Record<string, ParameterSchema>>,
): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(parameters))
    collect(value, schemas[name], (leaf) => {
      if (typeof leaf === "string") addText(leaf, secrets);
      else if (typeof leaf === "number") addText(String(leaf), secrets);
    });
  return [...secrets].sort((a, b) => b.length - a.length);
}

/** Names of the secret parameters that hold a text too short to be masked. */
export function unmaskedParameters(
  parameters: Readonly<Record<string, unknown>>,
  schemas: Readonly<Record<string, ParameterSchema>>,
): string[] {
  return Object.entries(parameters)
    .filter(([name, value]) => {
      let short = false;
      collect(value, schemas[name], (leaf) => {
        if (typeof leaf === "string" && leaf !== "" && leaf.length < leastSecretLength) short = true;
      });
      return short;
    })
    .map(([name]) => name);
}

/** Visits what is no container in the parts of a value that its schema calls secret. */
function collect(value: unknown, schema: unknown, visit: (leaf: unknown) => void): void {
  if (!isObject(schema) || value === null || value === undefined) return;
  if (schema["x-secret"] === true) {
    visitLeaves(value, visit);
    return;
  }
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const choices = schema[keyword];
    if (Array.isArray(choices)) for (const choice of choices) collect(value, choice, visit);
  }
  if (Array.isArray(value)) {
    const first = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
    for (const [index, item] of value.entries()) collect(item, first[index] ?? schema["items"], visit);
  } else if (isObject(value)) {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    for (const [key, member] of Object.entries(value))
      collect(member, properties[key] ?? schema["additionalProperties"], visit);
  }
}

function visitLeaves(value: unknown, visit: (leaf: unknown) => void): void {
  // Without recursion: the value may be as deep as its sender likes.
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "object" && next !== null) for (const member of Object.values(next)) left.push(member);
    else visit(next);
  }
}

function addText(text: string, secrets: Set<string>): void {
  if (text.length < leastSecretLength) return;
  secrets.add(text);
  const inJson = JSON.stringify(text).slice(1, -1);
  secrets.add(inJson);
  // In the quotes of the inspector (`'`), these need no backslash.
  secrets.add(inJson.replaceAll('\\"', '"'));
  if (text.isWellFormed()) secrets.add(encodeURIComponent(text));
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines.length > 1) for (const line of lines) if (line.length >= leastSecretLineLength) secrets.add(line);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
