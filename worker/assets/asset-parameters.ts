import type { AssetAnswer, AssetError, AssetRequest } from "../../src/contract/assets.ts";
import type { ParameterSchema } from "../../src/contract/signature.ts";

/** A parameter names an asset that the job cannot have. */
export class AssetParameterError extends Error {
  readonly code: AssetError["code"];

  constructor({ code, message }: AssetError, parameter: string) {
    super(`The parameter "${parameter}" cannot be resolved. ${message}`);
    this.name = "AssetParameterError";
    this.code = code;
  }
}

/** Whether any parameter takes the name of an asset. */
export function haveAssets(schemas: Readonly<Record<string, ParameterSchema>>): boolean {
  return JSON.stringify(schemas).includes('"x-asset":');
}

/**
 * The parameters with what they name in place of the names (`x-asset`, at any depth of the schema): a script gets the credential.
 *
 * @throws AssetParameterError
 */
export async function withAssets(
  parameters: Readonly<Record<string, unknown>>,
  schemas: Readonly<Record<string, ParameterSchema>>,
  answer: (request: AssetRequest) => Promise<AssetAnswer>,
): Promise<Record<string, unknown>> {
  const resolved: Record<string, unknown> = {};
  for (const [parameter, value] of Object.entries(parameters)) {
    resolved[parameter] = await resolve(value, schemas[parameter], async (name) => {
      const given = await answer({ action: "get", kind: "credential", name });
      if ("error" in given) throw new AssetParameterError(given.error, parameter);
      if (!("value" in given) || given.value.kind !== "credential") throw new TypeError("not a credential");
      const { userName, password } = given.value;
      return { userName, password };
    });
  }
  return resolved;
}

/** Takes the name of a credential for what the schema calls one. */
async function resolve(
  value: unknown,
  schema: unknown,
  credential: (name: string) => Promise<unknown>,
): Promise<unknown> {
  if (!isObject(schema)) return value;
  if (typeof value === "string" && schema["x-asset"] === "credential") return await credential(value);
  if (Array.isArray(value)) {
    const first = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
    const items: unknown[] = [];
    for (const [index, item] of value.entries())
      items.push(await resolve(item, first[index] ?? schema["items"], credential));
    if (schema["items"] !== undefined || first.length > 0) return items;
  } else if (isObject(value)) {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    const members: [string, unknown][] = [];
    for (const [key, member] of Object.entries(value))
      members.push([key, await resolve(member, properties[key] ?? schema["additionalProperties"], credential)]);
    return Object.fromEntries(members);
  }
  // What may also be null, or left out.
  let resolved = value;
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const choices = schema[keyword];
    if (Array.isArray(choices)) for (const choice of choices) resolved = await resolve(resolved, choice, credential);
  }
  return resolved;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
