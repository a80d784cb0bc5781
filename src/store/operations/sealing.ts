import type { MasterKeyState } from "../../contract/api/master-key.ts";

/** What is known of a master key; never the key. */
export interface StoredMasterKey {
  keyId: string;
  state: MasterKeyState;
  createdAt: number;
  changedAt: number;
}

/** A sealed value of the installation itself. */
export interface SealingSecret {
  secretId: string;
  name: string;
  version: number;
  sealed: Uint8Array;
}

/** What a service said of its keys. */
export interface SealingService {
  service: string;
  /** Ids of the master keys that it can read. */
  readableKeys: string[];
  /** Id of the one that it seals by. */
  sealingKey: string;
  seenAt: number;
}

/** A sealed value in a row, and what it is bound to beside table and column. */
export interface SealedRow {
  rowId: string;
  /** Where a row has several sealed values, which of them; else the column itself. */
  column?: string;
  version: number;
  sealed: Uint8Array;
}

export interface SealingReads {
  /** All there ever were, oldest first. */
  masterKeys(): StoredMasterKey[];
  sealingSecret(of: { name: string }): SealingSecret | null;
  /** In the order of their ids. */
  sealedSecrets(of: { after: string | null; limit: number }): SealedRow[];
  /** The services that were heard of within the last `seenWithin` milliseconds, by the database's clock. */
  sealingServices(of: { seenWithin: number }): SealingService[];
}

export interface SealingWrites {
  /** Notes the first master key, with the root that was sealed by it. Nothing happens when there is one already; gives all there are. */
  beginSealing(of: { keyId: string; rootId: string; root: Uint8Array }): StoredMasterKey[];

  addSealingSecret(secret: SealingSecret): void;
  /** Removes this one, and those whose name begins as `prefix` says and that are older than `olderThan` milliseconds. */
  removeSealingSecret(of: { name: string; prefix: string; olderThan: number }): void;
  /** Replaces sealed values whose version is still the same. */
  rewrapSecrets(of: { rows: SealedRow[] }): void;

  /** A service says which keys it can read. Gives all keys. */
  reportSealing(report: Omit<SealingService, "seenAt">): StoredMasterKey[];
  /** A service ends. */
  endSealing(of: { service: string }): void;

  /**
   * Announces a key. Nothing happens when it is announced already.
   * @throws UserError `rotation-under-way` (409) when another one is, or one is being retired; `master-key-used-before` (409)
   */
  announceMasterKey(of: { keyId: string }): void;
  /** Makes the announced key the current one, and the current one retiring; false when another service was first. */
  useMasterKey(of: { keyId: string }): boolean;
  /** Retires the retiring key; false when another service was first. */
  retireMasterKey(of: { keyId: string }): boolean;
}
