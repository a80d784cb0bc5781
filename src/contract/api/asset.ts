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
   * How the fields of what is there are called, by the names that they have here (`value`; `userName`, `password`; fields of a
   * connection); the same names where nothing is said.
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
}
