import type { SealingReads, SealingWrites, StoredMasterKey } from "../operations/sealing.ts";
import { masterKeyUsedBefore, rotationUnderWay } from "../sealing-refusals.ts";
import type { MasterKeyRow, SealedRowRow, SealingSecretRow, SealingServiceRow } from "../sealing-rows.ts";
import { toMasterKey, toSealedRow, toSealingSecret, toSealingService } from "../sealing-rows.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { bigint, bytes, id, idBytes, int, json, text } from "./sql-values.ts";

const firstId = new Uint8Array(16);

/** Milliseconds after which a service that is not heard of is gone for good. */
const forgottenAfter = 86_400_000;

export function sealingReads(session: MssqlSession): Asynchronous<SealingReads> {
  return {
    masterKeys: () => masterKeys(session),
    sealingSecret: async ({ name }) => {
      const row = await session.first<SealingSecretRow>(
        "SELECT secret_id, name, version, sealed FROM runsmith.sealing_secrets WHERE name = @name",
        { name: text(name) },
      );
      return row === undefined ? null : toSealingSecret(row);
    },
    sealedSecrets: async ({ after, limit }) => {
      const rows = await session.all<SealedRowRow>(
        `SELECT TOP (@limit) secret_id AS row_id, version, sealed FROM runsmith.sealing_secrets
         WHERE secret_id > @after ORDER BY secret_id`,
        { after: after === null ? idBytes(firstId) : id(after), limit: int(limit) },
      );
      return rows.map(toSealedRow);
    },
    sealingServices: async ({ seenWithin }) => {
      const rows = await session.all<SealingServiceRow>(
        `SELECT service, readable_keys, sealing_key, seen_at FROM runsmith.sealing_services
         WHERE seen_at > runsmith.Later(SYSUTCDATETIME(), @earlier) ORDER BY service`,
        { earlier: bigint(-seenWithin) },
      );
      return rows.map(toSealingService);
    },
  };
}

export const sealingWriteRules: WriteRules<SealingWrites> = {
  beginSealing: "repeatable",
  addSealingSecret: "kept",
  removeSealingSecret: "repeatable",
  rewrapSecrets: "repeatable",
  reportSealing: "repeatable",
  endSealing: "repeatable",
  announceMasterKey: "repeatable",
  useMasterKey: "kept",
  retireMasterKey: "kept",
};

export function sealingWrites(session: MssqlSession): Asynchronous<SealingWrites> {
  return {
    beginSealing: async ({ keyId, rootId, root }) => {
      await queueUp(session);
      if ((await masterKeys(session)).length === 0) {
        await addKey(session, keyId, "current");
        await addSecret(session, { secretId: rootId, name: "root", version: 1, sealed: root });
      }
      return masterKeys(session);
    },
    addSealingSecret: (secret) => addSecret(session, secret),
    removeSealingSecret: async ({ name, prefix, olderThan }) => {
      await session.run(
        `DELETE FROM runsmith.sealing_secrets WHERE name = @name OR (
           SUBSTRING(name, 1, LEN(@prefix)) = @prefix AND created_at < runsmith.Later(SYSUTCDATETIME(), @earlier))`,
        { name: text(name), prefix: text(prefix), earlier: bigint(-olderThan) },
      );
    },
    rewrapSecrets: async ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        await session.run(
          "UPDATE runsmith.sealing_secrets SET sealed = @sealed WHERE secret_id = @secret_id AND version = @version",
          { sealed: bytes(sealed), secret_id: id(rowId), version: int(version) },
        );
      }
    },
    reportSealing: async ({ service, readableKeys, sealingKey }) => {
      const values = { service: text(service), readable_keys: json(readableKeys), sealing_key: text(sealingKey) };
      const known = await session.run(
        `UPDATE runsmith.sealing_services SET readable_keys = @readable_keys, sealing_key = @sealing_key,
           seen_at = CAST(SYSUTCDATETIME() AS datetime2(3))
         WHERE service = @service`,
        values,
      );
      if (known === 0) {
        await session.run(
          `INSERT INTO runsmith.sealing_services (service, readable_keys, sealing_key, seen_at)
           VALUES (@service, @readable_keys, @sealing_key, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
          values,
        );
        await session.run(
          "DELETE FROM runsmith.sealing_services WHERE seen_at < runsmith.Later(SYSUTCDATETIME(), @earlier)",
          { earlier: bigint(-forgottenAfter) },
        );
      }
      return masterKeys(session);
    },
    endSealing: async ({ service }) => {
      await session.run("DELETE FROM runsmith.sealing_services WHERE service = @service", { service: text(service) });
    },
    announceMasterKey: (of) => announce(session, of),
    useMasterKey: async ({ keyId }) => {
      await queueUp(session);
      const keys = await masterKeys(session);
      if (!keys.some((key) => key.keyId === keyId && key.state === "next")) {
        return false;
      }
      for (const key of keys.filter(({ state }) => state === "current")) {
        await changeState(session, key.keyId, "current", "retiring");
      }
      return changeState(session, keyId, "next", "current");
    },
    retireMasterKey: ({ keyId }) => changeState(session, keyId, "retiring", "retired"),
  };
}

async function announce(session: MssqlSession, { keyId }: { keyId: string }): Promise<void> {
  await queueUp(session);
  const keys = await masterKeys(session);
  const known = keys.find((key) => key.keyId === keyId);
  const underWay = keys.find(({ state }) => state === "next" || state === "retiring");
  if (known?.state === "next") {
    return;
  }
  if (underWay !== undefined) {
    throw rotationUnderWay(underWay.keyId);
  }
  if (known !== undefined) {
    throw masterKeyUsedBefore(keyId);
  }
  await addKey(session, keyId, "next");
}

/** Of all who change which keys there are, one goes on at a time; until the transaction's end. */
async function queueUp(session: MssqlSession): Promise<void> {
  await session.run("UPDATE runsmith.workspaces SET created_at = created_at");
}

async function masterKeys(session: MssqlSession): Promise<StoredMasterKey[]> {
  const rows = await session.all<MasterKeyRow>(
    "SELECT key_id, state, created_at, changed_at FROM runsmith.master_keys ORDER BY created_at, key_id",
  );
  return rows.map(toMasterKey);
}

async function addKey(session: MssqlSession, keyId: string, state: string): Promise<void> {
  await session.run(
    `DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));
     INSERT INTO runsmith.master_keys (key_id, state, created_at, changed_at) VALUES (@key_id, @state, @now, @now)`,
    { key_id: text(keyId), state: text(state) },
  );
}

async function changeState(session: MssqlSession, keyId: string, from: string, to: string): Promise<boolean> {
  const changed = await session.run(
    `UPDATE runsmith.master_keys SET state = @to, changed_at = CAST(SYSUTCDATETIME() AS datetime2(3))
     WHERE key_id = @key_id AND state = @from`,
    { key_id: text(keyId), from: text(from), to: text(to) },
  );
  return changed > 0;
}

async function addSecret(
  session: MssqlSession,
  { secretId, name, version, sealed }: Parameters<SealingWrites["addSealingSecret"]>[0],
): Promise<void> {
  await session.run(
    `INSERT INTO runsmith.sealing_secrets (secret_id, name, version, sealed, created_at)
     VALUES (@secret_id, @name, @version, @sealed, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
    { secret_id: id(secretId), name: text(name), version: int(version), sealed: bytes(sealed) },
  );
}
