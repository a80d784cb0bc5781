import { idempotencyKeyReused } from "../access-refusals.ts";
import type { IdempotencyKey, IdempotencyReads, IdempotencyWrites } from "../operations/idempotency.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bytes, id, int, text, time } from "./sql-values.ts";

interface KeptRequest {
  request_hash: Uint8Array;
  result: string | null;
  status: number | null;
  body: string | null;
  created_at: number;
}

export function idempotencyReads(session: MssqlSession): Asynchronous<IdempotencyReads> {
  return {
    idempotentAnswer: async (of) => {
      const kept = await keptRequest(session, of);
      return kept === undefined
        ? null
        : { requestHash: kept.request_hash, status: kept.status, body: kept.body, createdAt: kept.created_at };
    },
  };
}

export const idempotencyWriteRules: WriteRules<IdempotencyWrites> = {
  keepIdempotentAnswer: "repeatable",
  purgeIdempotentAnswers: "single",
};

export function idempotencyWrites(session: MssqlSession): Asynchronous<IdempotencyWrites> {
  return {
    keepIdempotentAnswer: async ({ principalId, key, requestHash, status, body }) => {
      const request = { principalId, key, requestHash };
      await insertKey(session, request);
      await session.run(
        `UPDATE runsmith.idempotency_keys SET status = @status, body = @body
         WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND [key] = @key
           AND status IS NULL AND request_hash = @request_hash`,
        { ...keyValues(request), request_hash: bytes(requestHash), status: int(status), body: text(body) },
      );
    },

    purgeIdempotentAnswers: ({ before, limit }) =>
      session.run("DELETE TOP (@limit) FROM runsmith.idempotency_keys WHERE created_at < @before", {
        before: time(before),
        limit,
      }),
  };
}

/**
 * Does something at most once under a key, inside the caller's transaction: the first time it runs and its result is kept,
 * later the kept result is given back (through JSON). Whoever comes with the same key meanwhile waits for the first.
 * @throws UserError `idempotency-key-reused` (422) when the key came with another request before; whatever `run` throws.
 */
export async function doOnce(
  session: MssqlSession,
  key: IdempotencyKey,
  run: () => Promise<unknown>,
): Promise<unknown> {
  if (!(await insertKey(session, key))) {
    const kept = await keptRequest(session, key);
    if (kept !== undefined && Buffer.compare(kept.request_hash, key.requestHash) !== 0) {
      throw idempotencyKeyReused();
    }
    if (kept !== undefined && kept.result !== null) {
      return JSON.parse(kept.result) as unknown;
    }
  }
  const result = await run();
  await session.run(
    `UPDATE runsmith.idempotency_keys SET result = @result
     WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND [key] = @key`,
    { ...keyValues(key), result: text(JSON.stringify(result ?? null)) },
  );
  return result;
}

/** Notes a key, inside a transaction; false when it is there already. */
async function insertKey(session: MssqlSession, key: IdempotencyKey): Promise<boolean> {
  try {
    await session.run(
      `INSERT INTO runsmith.idempotency_keys (workspace_id, principal_id, [key], request_hash, created_at)
       VALUES (@workspace_id, @principal_id, @key, @request_hash, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
      { ...keyValues(key), request_hash: bytes(key.requestHash) },
    );
    return true;
  } catch (error) {
    if (isDuplicate(error)) {
      return false;
    }
    throw error;
  }
}

function keptRequest(
  session: MssqlSession,
  of: { principalId: string; key: string },
): Promise<KeptRequest | undefined> {
  return session.first<KeptRequest>(
    `SELECT request_hash, result, status, body, created_at FROM runsmith.idempotency_keys
     WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND [key] = @key`,
    keyValues(of),
  );
}

function keyValues({ principalId, key }: { principalId: string; key: string }) {
  return { workspace_id: id(defaultWorkspace), principal_id: id(principalId), key: text(key) };
}
