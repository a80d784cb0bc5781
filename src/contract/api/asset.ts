import type { VariableType } from "../assets.ts";

/** The kinds of asset that hold values or say where these are; schedules are apart. */
export const storedAssetKinds = [
  "variable",
  "credential",
  "connection",
  "connection-type",
  "certificate",
  "vault",
] as const;

export type StoredAssetKind = (typeof storedAssetKinds)[number];

/** What every asset shows. */
export interface AssetResource {
  assetId: string;
  name: string;
  description: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  modifiedAt: string;
  /** Name of who changed it last. */
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

export interface VariableResource extends AssetResource {
  /** Null for a value in a vault. */
  type: VariableType | null;
  encrypted: boolean;
  /** JSON, as `type` says; null where it is encrypted or in a vault, and for the type `null`. */
  value: unknown;
  vault: VaultReference | null;
}

export interface CredentialResource extends AssetResource {
  /** Null where the vault tells it. */
  userName: string | null;
  vault: VaultReference | null;
}

/** What is said of a variable. */
export interface VariableSettings {
  /** JSON. */
  value: unknown;
  /** What the value is taken for; by its JSON type when left out. */
  type: VariableType;
  encrypted: boolean;
  /** Where the value is, in place of `value`. */
  vault: VaultReferenceInput;
}

/** What is said of a credential. */
export interface CredentialSettings {
  userName: string;
  password: string;
  /** Where the password is, in place of `password`; and the user name as well, where none is given. */
  vault: VaultReferenceInput;
}

/** Where in a vault a value is; it is read there whenever a job asks for it, and kept nowhere else. */
export interface VaultReference {
  /** The vault's name. */
  vault: string;
  /** What the vault knows it by: a path, a file's name, an argument of the command. */
  path: string;
  /**
   * How the fields of what is there are called, by the names that they have here: `value`; `userName`, `password`; fields of a
   * connection; `certificate`, `privateKey`, `pfx`, `password`. The same names where nothing is said, and `username`; all of what is
   * there is the value of a variable.
   */
  fields: Record<string, string>;
}

/** The same as it is given. */
export type VaultReferenceInput = Omit<VaultReference, "fields"> & Partial<Pick<VaultReference, "fields">>;

/** Where an asset is used: an asset that is made with it, or a published runbook that names it. */
export interface AssetUser {
  kind: StoredAssetKind | "runbook";
  id: string;
  name: string;
}

/** The answer to a removal. */
export interface RemovedAsset {
  /** What goes without it now; empty unless the removal was forced. */
  usedBy: AssetUser[];
  /** How much else does, which the caller may not read. */
  further: number;
}

/** What a field of a connection holds. */
export const connectionFieldTypes = ["string", "number", "boolean"] as const;
export type ConnectionFieldType = (typeof connectionFieldTypes)[number];

export interface ConnectionField {
  name: string;
  type: ConnectionFieldType;
  required: boolean;
  /** Its value is secret. */
  encrypted: boolean;
}

export interface ConnectionTypeResource extends AssetResource {
  fields: ConnectionField[];
}

/** What is said of a connection type. */
export interface ConnectionTypeSettings {
  fields: (Pick<ConnectionField, "name"> & Partial<ConnectionField>)[];
}

export type ConnectionFieldValue = string | number | boolean | null;

export interface ConnectionResource extends AssetResource {
  /** Name of its type. */
  connectionType: string;
  /** Those that have a value and are not secret. */
  fields: Record<string, ConnectionFieldValue>;
  /** Names of the secret ones that have a value. */
  secretFields: string[];
  /** Where the fields are that are not here. */
  vault: VaultReference | null;
}

/** What is said of a connection. */
export interface ConnectionSettings {
  /** Id or name; it stays what it is. */
  connectionType: string;
  /** Values by field; of a change those that change, null for none any more. */
  fields: Record<string, ConnectionFieldValue>;
  vault: VaultReferenceInput;
}

export interface CertificateResource extends AssetResource {
  /** SHA-1, 40 upper-case hexadecimal digits; like what follows null for one in a vault. */
  thumbprint: string | null;
  subject: string | null;
  issuer: string | null;
  serialNumber: string | null;
  /** ISO 8601, UTC. */
  notBefore: string | null;
  notAfter: string | null;
  hasPrivateKey: boolean | null;
  vault: VaultReference | null;
}

/** What is said of a certificate: one of `pem`, `pfx` and `vault`. */
export interface CertificateSettings {
  /** The certificate, its private key, and those that it is issued by, in any order. */
  pem: string;
  /** PKCS #12, base64. */
  pfx: string;
  /** Of the PFX, or of an encrypted key in PEM. */
  password: string;
  vault: VaultReferenceInput;
}

/** `hashicorp`: HashiCorp Vault or OpenBao, KV version 2; `command` and `file`: of the service's `--vault-folder`. */
export const vaultProviders = ["hashicorp", "command", "file"] as const;
export type VaultProvider = (typeof vaultProviders)[number];

export interface VaultResource extends AssetResource {
  provider: VaultProvider;
  /** Of `hashicorp`; null of others, like what follows. */
  address: string | null;
  /** Where its KV engine is mounted. */
  mount: string | null;
  namespace: string | null;
  /** Of AppRole; null where a token is used. */
  roleId: string | null;
  /** PEM of the authorities that its certificate is checked against; null for the system's. */
  authorities: string | null;
  /** Of `command`: the name of the command. */
  command: string | null;
}

/** What is said of a vault. */
export interface VaultSettings {
  provider: VaultProvider;
  address: string;
  mount: string;
  namespace: string | null;
  /** What the service signs in by: a token, or AppRole's `roleId` and `secretId`. */
  token: string;
  roleId: string;
  secretId: string;
  authorities: string | null;
  command: string;
}
