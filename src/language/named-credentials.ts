import type { Signature } from "../contract/signature.ts";

/** The names of credentials among parameters: what the signature calls so (`x-asset`), at any depth, each once. */
export function credentialsNamedBy(parameters: Readonly<Record<string, unknown>>, signature: Signature): string[] {
  const names = new Set<string>();
  for (const [name, value] of Object.entries(parameters)) {
    collect(value, signature.properties[name], names);
  }
  return [...names];
}

function collect(value: unknown, schema: unknown, names: Set<string>): void {
  if (!isObject(schema)) {
    return;
  }
  if (typeof value === "string" && schema["x-asset"] === "credential") {
    names.add(value);
  }
  if (Array.isArray(value)) {
    const first = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
    for (const [index, item] of value.entries()) {
      collect(item, first[index] ?? schema["items"], names);
    }
  } else if (isObject(value)) {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    for (const [key, member] of Object.entries(value)) {
      collect(member, properties[key] ?? schema["additionalProperties"], names);
    }
  }
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const choices = schema[keyword];
    for (const choice of Array.isArray(choices) ? choices : []) {
      collect(value, choice, names);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
