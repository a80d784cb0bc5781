import { idempotencyKeyReused } from "../access-refusals.ts";
import { idToBytes } from "../id-bytes.ts";
import type { IdempotencyKey, IdempotencyReads, IdempotencyWrites } from "../operations/idempotency.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface KeptRequest {
  request_hash: Uint8Array;
  result: string | null;
  status: number | null;
  body: string | null;
  created_at: number;
}

export function idempotencyReads(session: SqliteSession): IdempotencyReads {
  return {
    idempotentAnswer: (of) => {
      const kept = keptRequest(session, of);
      return kept === undefined
        ? null
        : { requestHash: kept.request_hash, status: kept.status, body: kept.body, createdAt: kept.created_at };
    },
  };
}

export function idempotencyWrites(session: SqliteSession): IdempotencyWrites {
  return {
    keepIdempotentAnswer: ({ principalId, key, requestHash, status, body }) => {
      session.run(
        `INSERT INTO idempotency_keys (workspace_id, principal_id, key, request_hash, status, body, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET status = excluded.status, body = excluded.body
         WHERE status IS NULL AND request_hash = excluded.request_hash`,
        defaultWorkspace,
        idToBytes(principalId),
        key,
        requestHash,
        status,
        body,
        session.now(),
      );
    },

    purgeIdempotentAnswers: ({ before, limit }) =>
      session.run(
        `DELETE FROM idempotency_keys WHERE (workspace_id, principal_id, key) IN (
           SELECT workspace_id, principal_id, key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)`,
        before,
        limit,
      ),
  };
}

/**
 * Does something at most once under a key, inside the caller's transaction: the first time it runs and its result is kept,
 * later the kept result is given back (through JSON).
 * @throws UserError `idempotency-key-reused` (422) when the key came with another request before; whatever `run` throws.
 */
export function doOnce(session: SqliteSession, key: IdempotencyKey, run: () => unknown): unknown {
  const kept = keptRequest(session, key);
  if (kept !== undefined && Buffer.compare(kept.request_hash, key.requestHash) !== 0) {
    throw idempotencyKeyReused();
  }
  if (kept !== undefined && kept.result !== null) {
    return JSON.parse(kept.result) as unknown;
  }
  const result = run();
  session.run(
    `INSERT INTO idempotency_keys (workspace_id, principal_id, key, request_hash, result, created_at)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET result = excluded.result`,
    defaultWorkspace,
    idToBytes(key.principalId),
    key.key,
    key.requestHash,
    JSON.stringify(result ?? null),
    session.now(),
  );
  return result;
}

function keptRequest(session: SqliteSession, of: { principalId: string; key: string }): KeptRequest | undefined {
  return session.first<KeptRequest>(
    `SELECT request_hash, result, status, body, created_at FROM idempotency_keys
     WHERE workspace_id = ? AND principal_id = ? AND key = ?`,
    defaultWorkspace,
    idToBytes(of.principalId),
    of.key,
  );
}
