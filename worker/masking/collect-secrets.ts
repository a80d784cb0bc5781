import type { ParameterSchema } from "../../src/contract/signature.ts";
import { leastSecretLength } from "./secret-forms.ts";

/**
 * The texts that must not appear in what a job says: every leaf of the values of secret parameters (`x-secret`, at any
 * depth of the schema).
 */
export function collectSecrets(
  parameters: Readonly<Record<string, unknown>>,
  schemas: Readonly<Record<string, ParameterSchema>>,
): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(parameters))
    collect(value, schemas[name], (leaf) => {
      const text = textOf(leaf);
      if (text.length >= leastSecretLength) secrets.add(text);
    });
  return [...secrets];
}

/** The texts at, and below, these JSON pointers into a value; also those that are too short to be masked. */
export function secretsAt(value: unknown, pointers: readonly string[]): string[] {
  const secrets = new Set<string>();
  for (const pointer of pointers) visitLeaves(memberAt(value, pointer), (leaf) => secrets.add(textOf(leaf)));
  secrets.delete("");
  return [...secrets];
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

/** What of a leaf can be found in a text: a word like `true` would be found everywhere. */
function textOf(leaf: unknown): string {
  return typeof leaf === "string" ? leaf : typeof leaf === "number" ? String(leaf) : "";
}

function memberAt(value: unknown, pointer: string): unknown {
  let member = value;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    member = typeof member === "object" && member !== null ? (member as Record<string, unknown>)[name] : undefined;
  }
  return member;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
