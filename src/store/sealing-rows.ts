import type { MasterKeyState } from "../contract/api/master-key.ts";
import { bytesToId } from "./id-bytes.ts";
import type { SealedRow, SealingSecret, SealingService, StoredMasterKey } from "./operations/sealing.ts";

/* Rows of what sealing needs as both databases give them, and what they are made into. */

export interface MasterKeyRow {
  key_id: string;
  state: MasterKeyState;
  created_at: number;
  changed_at: number;
}

export function toMasterKey(row: MasterKeyRow): StoredMasterKey {
  return { keyId: row.key_id, state: row.state, createdAt: row.created_at, changedAt: row.changed_at };
}

export interface SealingSecretRow {
  secret_id: Uint8Array;
  name: string;
  version: number;
  sealed: Uint8Array;
}

export function toSealingSecret(row: SealingSecretRow): SealingSecret {
  return {
    secretId: bytesToId(row.secret_id),
    name: row.name,
    version: row.version,
    sealed: new Uint8Array(row.sealed),
  };
}

export interface SealingServiceRow {
  service: string;
  readable_keys: string;
  sealing_key: string;
  seen_at: number;
}

export function toSealingService(row: SealingServiceRow): SealingService {
  return {
    service: row.service,
    readableKeys: JSON.parse(row.readable_keys) as string[],
    sealingKey: row.sealing_key,
    seenAt: row.seen_at,
  };
}

export interface SealedRowRow {
  row_id: Uint8Array;
  version: number;
  sealed: Uint8Array;
}

export function toSealedRow(row: SealedRowRow): SealedRow {
  return { rowId: bytesToId(row.row_id), version: row.version, sealed: new Uint8Array(row.sealed) };
}
