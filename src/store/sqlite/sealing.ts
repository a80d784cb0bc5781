import { idToBytes } from "../id-bytes.ts";
import type { SealingReads, SealingWrites, StoredMasterKey } from "../operations/sealing.ts";
import { masterKeyUsedBefore, rotationUnderWay } from "../sealing-refusals.ts";
import type { MasterKeyRow, SealedRowRow, SealingSecretRow, SealingServiceRow } from "../sealing-rows.ts";
import { toMasterKey, toSealedRow, toSealingSecret, toSealingService } from "../sealing-rows.ts";
import type { SqliteSession } from "./session.ts";

const firstId = new Uint8Array(16);

export function sealingReads(session: SqliteSession): SealingReads {
  return {
    masterKeys: () => masterKeys(session),
    sealingSecret: ({ name }) => {
      const row = session.first<SealingSecretRow>(
        "SELECT secret_id, name, version, sealed FROM sealing_secrets WHERE name = ?",
        name,
      );
      return row === undefined ? null : toSealingSecret(row);
    },
    sealedSecrets: ({ after, limit }) =>
      session
        .all<SealedRowRow>(
          "SELECT secret_id AS row_id, version, sealed FROM sealing_secrets WHERE secret_id > ? ORDER BY secret_id LIMIT ?",
          after === null ? firstId : idToBytes(after),
          limit,
        )
        .map(toSealedRow),
    sealingServices: ({ seenWithin }) =>
      session
        .all<SealingServiceRow>(
          "SELECT service, readable_keys, sealing_key, seen_at FROM sealing_services WHERE seen_at > ? ORDER BY service",
          session.now() - seenWithin,
        )
        .map(toSealingService),
  };
}

export function sealingWrites(session: SqliteSession): SealingWrites {
  return {
    beginSealing: ({ keyId, rootId, root }) => {
      if (session.first("SELECT 1 FROM master_keys") === undefined) {
        addKey(session, keyId, "current");
        addSecret(session, { secretId: rootId, name: "root", version: 1, sealed: root });
      }
      return masterKeys(session);
    },
    addSealingSecret: (secret) => addSecret(session, secret),
    removeSealingSecret: ({ name, prefix, olderThan }) => {
      session.run("DELETE FROM sealing_secrets WHERE name = ?", name);
      session.run(
        "DELETE FROM sealing_secrets WHERE substr(name, 1, length(?)) = ? AND created_at < ?",
        prefix,
        prefix,
        session.now() - olderThan,
      );
    },
    rewrapSecrets: ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        session.run(
          "UPDATE sealing_secrets SET sealed = ? WHERE secret_id = ? AND version = ?",
          sealed,
          idToBytes(rowId),
          version,
        );
      }
    },
    reportSealing: ({ service, readableKeys, sealingKey }) => {
      session.run(
        `INSERT INTO sealing_services (service, readable_keys, sealing_key, seen_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (service) DO UPDATE SET readable_keys = excluded.readable_keys, sealing_key = excluded.sealing_key,
           seen_at = excluded.seen_at`,
        service,
        JSON.stringify(readableKeys),
        sealingKey,
        session.now(),
      );
      session.run("DELETE FROM sealing_services WHERE seen_at < ?", session.now() - forgottenAfter);
      return masterKeys(session);
    },
    endSealing: ({ service }) => {
      session.run("DELETE FROM sealing_services WHERE service = ?", service);
    },
    announceMasterKey: ({ keyId }) => {
      const known = masterKeys(session).find((key) => key.keyId === keyId);
      const underWay = masterKeys(session).find(({ state }) => state === "next" || state === "retiring");
      if (known?.state === "next") {
        return;
      }
      if (underWay !== undefined) {
        throw rotationUnderWay(underWay.keyId);
      }
      if (known !== undefined) {
        throw masterKeyUsedBefore(keyId);
      }
      addKey(session, keyId, "next");
    },
    useMasterKey: ({ keyId }) => {
      const isNext = session.first("SELECT 1 FROM master_keys WHERE key_id = ? AND state = 'next'", keyId);
      if (isNext === undefined) {
        return false;
      }
      session.run("UPDATE master_keys SET state = 'retiring', changed_at = ? WHERE state = 'current'", session.now());
      return changeState(session, keyId, "next", "current");
    },
    retireMasterKey: ({ keyId }) => changeState(session, keyId, "retiring", "retired"),
  };
}

/** Milliseconds after which a service that is not heard of is gone for good. */
const forgottenAfter = 86_400_000;

function masterKeys(session: SqliteSession): StoredMasterKey[] {
  return session
    .all<MasterKeyRow>("SELECT key_id, state, created_at, changed_at FROM master_keys ORDER BY created_at, key_id")
    .map(toMasterKey);
}

function addKey(session: SqliteSession, keyId: string, state: string): void {
  const now = session.now();
  session.run(
    "INSERT INTO master_keys (key_id, state, created_at, changed_at) VALUES (?, ?, ?, ?)",
    keyId,
    state,
    now,
    now,
  );
}

function changeState(session: SqliteSession, keyId: string, from: string, to: string): boolean {
  const changed = session.run(
    "UPDATE master_keys SET state = ?, changed_at = ? WHERE key_id = ? AND state = ?",
    to,
    session.now(),
    keyId,
    from,
  );
  return changed > 0;
}

function addSecret(
  session: SqliteSession,
  { secretId, name, version, sealed }: Parameters<SealingWrites["addSealingSecret"]>[0],
): void {
  session.run(
    "INSERT INTO sealing_secrets (secret_id, name, version, sealed, created_at) VALUES (?, ?, ?, ?, ?)",
    idToBytes(secretId),
    name,
    version,
    sealed,
    session.now(),
  );
}
