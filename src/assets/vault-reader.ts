import type { StoredReference } from "./vault-references.ts";

/** What is at a place in a vault: fields by name, or one text. */
export type VaultContent = Record<string, unknown> | string;

/** Reads what references point to. */
export interface VaultReader {
  /** @throws UserError `asset-unavailable` (503) when the vault does not answer, or has nothing there */
  read(reference: StoredReference): Promise<VaultContent>;
}
