import { storedAssetKinds } from "../../../contract/api/asset.ts";
import { variableTypes } from "../../../contract/assets.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const name: JsonSchema = { type: "string", minLength: 1, maxLength: 512 };
const description: JsonSchema = { type: "string", maxLength: 4096 };
const textOrNull: JsonSchema = { type: ["string", "null"] };

/** What every asset shows. */
export const commonAsset = {
  assetId: idSchema,
  name,
  description,
  createdAt: timeSchema,
  modifiedAt: timeSchema,
  modifiedBy: { type: "string" },
  revision: { type: "integer", minimum: 1 },
} as const satisfies Record<string, JsonSchema>;

const vaultReference = {
  vault: { ...name, description: "Name of the vault." },
  path: {
    type: "string",
    minLength: 1,
    maxLength: 1024,
    description: "What the vault knows it by: a path, a file's name, an argument of the command.",
  },
  fields: {
    type: "object",
    maxProperties: 64,
    additionalProperties: { type: "string", minLength: 1, maxLength: 256 },
    description: "How the fields of what is there are called, by the names that they have here.",
  },
} as const satisfies Record<string, JsonSchema>;

/** Where a value is, in place of the value. */
export const vaultInput: JsonSchema = objectSchema(vaultReference, ["fields"]);
/** The same as it is shown. */
export const vaultShown: JsonSchema = orNull(objectSchema(vaultReference));

/** The bodies that make and that change an asset of these settings. @param required of a new one, beside its name */
export function assetInput(
  settings: Record<string, JsonSchema>,
  required: readonly string[] = [],
): { create: JsonSchema; change: JsonSchema } {
  const all = { name, description, ...settings };
  const optional = Object.keys(all).filter((member) => member !== "name" && !required.includes(member));
  return { create: objectSchema(all, optional), change: { ...objectSchema(all, Object.keys(all)), minProperties: 1 } };
}

const variable = assetInput({
  value: { description: "JSON." },
  type: { enum: variableTypes, description: "By the value when left out; `date-time` has to be said." },
  encrypted: { type: "boolean", description: "Whether the value is secret: then nobody but jobs gets it." },
  vault: vaultInput,
});
export const createVariableSchema = variable.create;
export const changeVariableSchema = variable.change;

const credential = assetInput({
  userName: { type: "string", minLength: 1, maxLength: 1024 },
  password: { type: "string", maxLength: 16_384 },
  vault: vaultInput,
});
export const createCredentialSchema = credential.create;
export const changeCredentialSchema = credential.change;

/** The resources in the OpenAPI document. */
export const assetResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Variable: objectSchema({
    ...commonAsset,
    type: { enum: [...variableTypes, null], description: "Null for a value in a vault." },
    encrypted: { type: "boolean" },
    value: { description: "JSON; null where it is encrypted or in a vault." },
    vault: vaultShown,
  }),
  Credential: objectSchema({
    ...commonAsset,
    userName: { ...textOrNull, description: "Null where the vault tells it." },
    vault: vaultShown,
  }),
  RemovedAsset: objectSchema({
    usedBy: {
      type: "array",
      items: objectSchema({ kind: { enum: [...storedAssetKinds, "runbook"] }, id: idSchema, name: { type: "string" } }),
      description: "What goes without it now; empty unless the removal was forced.",
    },
  }),
};
