import { connectionFieldTypes, storedAssetKinds, vaultProviders } from "../../../contract/api/asset.ts";
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

const fieldName: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 128,
  pattern: "^[A-Za-z][A-Za-z0-9_ .-]*$",
};
const connectionField = {
  name: fieldName,
  type: { enum: connectionFieldTypes },
  required: { type: "boolean" },
  encrypted: { type: "boolean", description: "Its value is secret." },
} as const satisfies Record<string, JsonSchema>;

const connectionType = assetInput(
  {
    fields: {
      type: "array",
      minItems: 1,
      maxItems: 64,
      items: objectSchema(connectionField, ["type", "required", "encrypted"]),
      description: "While there are connections of the type, optional fields may be added, and nothing else changes.",
    },
  },
  ["fields"],
);
export const createConnectionTypeSchema = connectionType.create;
export const changeConnectionTypeSchema = connectionType.change;

const connectionValues: JsonSchema = {
  type: "object",
  maxProperties: 64,
  propertyNames: fieldName,
  additionalProperties: { type: ["string", "number", "boolean", "null"], maxLength: 65_536 },
};
const connection = assetInput({
  connectionType: { ...name, description: "Id or name; a connection keeps its type." },
  fields: { ...connectionValues, description: "Of a change those that change; null for none any more." },
  vault: { ...vaultInput, description: "Where fields are that have no value here." },
});
export const createConnectionSchema = connection.create;
export const changeConnectionSchema = connection.change;

const certificate = assetInput({
  pem: { type: "string", maxLength: 524_288, description: "The certificate, its key, and those that it is issued by." },
  pfx: { type: "string", maxLength: 700_000, contentEncoding: "base64", description: "PKCS #12, base64." },
  password: { type: "string", maxLength: 1024, description: "Of the PFX, or of an encrypted key." },
  vault: vaultInput,
});
export const createCertificateSchema = certificate.create;
export const changeCertificateSchema = certificate.change;

const optionalText: JsonSchema = { type: ["string", "null"], minLength: 1, maxLength: 256 };
const vaultText: JsonSchema = { type: "string", minLength: 1, maxLength: 1024 };
const vault = assetInput({
  provider: { enum: vaultProviders, description: "`hashicorp`: HashiCorp Vault or OpenBao, KV version 2." },
  address: { ...vaultText, description: "Such as https://vault.example.org:8200." },
  mount: { ...vaultText, description: "Where its KV engine is mounted; `secret` when left out." },
  namespace: optionalText,
  token: { ...vaultText, maxLength: 4096, description: "What the service signs in by; or AppRole:" },
  roleId: vaultText,
  secretId: vaultText,
  authorities: {
    type: ["string", "null"],
    maxLength: 131_072,
    description: "PEM of the authorities that its certificate is checked against; the system's when left out.",
  },
  command: { ...vaultText, description: "Of `command`: an executable in `commands` of the service's vault folder." },
});
export const createVaultSchema = vault.create;
export const changeVaultSchema = vault.change;

const certificateFact: JsonSchema = { ...textOrNull, description: "Null for a certificate in a vault." };

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
  ConnectionType: objectSchema({
    ...commonAsset,
    fields: { type: "array", items: objectSchema(connectionField) },
  }),
  Connection: objectSchema({
    ...commonAsset,
    connectionType: { type: "string" },
    fields: connectionValues,
    secretFields: { type: "array", items: { type: "string" }, description: "Secret fields that have a value." },
    vault: vaultShown,
  }),
  Certificate: objectSchema({
    ...commonAsset,
    thumbprint: { ...textOrNull, description: "SHA-1; null for a certificate in a vault." },
    subject: certificateFact,
    issuer: certificateFact,
    serialNumber: certificateFact,
    notBefore: orNull(timeSchema),
    notAfter: orNull(timeSchema),
    hasPrivateKey: { type: ["boolean", "null"] },
    vault: vaultShown,
  }),
  Vault: objectSchema({
    ...commonAsset,
    provider: { enum: vaultProviders },
    address: textOrNull,
    mount: textOrNull,
    namespace: textOrNull,
    roleId: textOrNull,
    authorities: textOrNull,
    command: textOrNull,
  }),
  RemovedAsset: objectSchema({
    usedBy: {
      type: "array",
      items: objectSchema({ kind: { enum: [...storedAssetKinds, "runbook"] }, id: idSchema, name: { type: "string" } }),
      description: "What goes without it now; empty unless the removal was forced.",
    },
    further: { type: "integer", minimum: 0, description: "How much else does, which the caller may not read." },
  }),
};
