import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ChangedJob, ChangeReads } from "../operations/changes.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession } from "./session.ts";
import { bytes, int } from "./sql-values.ts";

/*
 * What services learn of each other by. Every change of a job's row gives it a new `row_version`, larger than all that were given
 * before. But versions are given when a row is written, not when it is committed, so a smaller one may be committed after a larger
 * one was read. MIN_ACTIVE_ROWVERSION() is the smallest version that a transaction under way has: below it everything is
 * committed, and nothing will come any more. It is read before the rows are, so that what lies below it can be seen.
 */

/** Up to where everything is committed, `@up_to` excluded. */
const selectChanges = `
  DECLARE @up_to binary(8) = MIN_ACTIVE_ROWVERSION();
  DECLARE @from binary(8) = @after;
  SELECT @up_to AS up_to;
  SELECT TOP (@limit) CONVERT(binary(8), row_version) AS version, job_id, status, parked, attempt, worker_id, placement_id,
    host_kind, record_count, stop_requested_by, stop_forced
  FROM runsmith.jobs WHERE row_version > @from AND row_version < @up_to ORDER BY row_version;
  SELECT CONVERT(binary(8), row_version) AS version, token_id
  FROM runsmith.revoked_tokens WHERE row_version > @from AND row_version < @up_to ORDER BY row_version`;

interface ChangedRow {
  version: Uint8Array;
  job_id: Uint8Array;
  status: JobStatus;
  parked: boolean;
  attempt: number;
  worker_id: Uint8Array | null;
  placement_id: Uint8Array;
  host_kind: HostKind;
  record_count: number;
  stop_requested_by: string | null;
  stop_forced: boolean;
}

interface ReadChanges {
  upTo: bigint;
  jobs: ChangedRow[];
  tokens: { version: Uint8Array; token_id: Uint8Array }[];
}

export function changeReads(session: MssqlSession): Asynchronous<ChangeReads> {
  const read = async (after: bigint, limit: number): Promise<ReadChanges> => {
    const { recordsets } = await session.query(selectChanges, { after: bytes(toVersion(after)), limit: int(limit) });
    const [settledUpTo, jobs, tokens] = recordsets as unknown as [{ up_to: Uint8Array }[], ...unknown[]];
    const upTo = settledUpTo[0]?.up_to;
    if (upTo === undefined) {
      throw new Error("The database did not say how far its changes are committed.");
    }
    return {
      upTo: fromVersion(upTo),
      jobs: (jobs ?? []) as ChangedRow[],
      tokens: (tokens ?? []) as ReadChanges["tokens"],
    };
  };

  return {
    changesSince: async ({ after, limit }) => {
      if (after === null) {
        const { upTo } = await read(largestVersion, 1);
        return { position: String(upTo - 1n), jobs: [], revokedTokens: [], more: false };
      }
      const found = await read(BigInt(after), limit);
      const last = found.jobs.at(-1);
      const more = last !== undefined && found.jobs.length >= limit;
      // Of what is left over, tokens come again; that does no harm.
      return {
        position: String(more ? fromVersion(last.version) : found.upTo - 1n),
        jobs: found.jobs.map(toChangedJob),
        revokedTokens: found.tokens.map(({ token_id }) => bytesToId(token_id)),
        more,
      };
    },
  };
}

function toChangedJob(row: ChangedRow): ChangedJob {
  return {
    jobId: bytesToId(row.job_id),
    status: row.status,
    parked: row.parked,
    attempt: row.attempt,
    workerId: row.worker_id === null ? null : bytesToId(row.worker_id),
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    recordCount: row.record_count,
    stop:
      row.status === "Stopping"
        ? { reason: `stopped by ${row.stop_requested_by ?? "an operator"}`, force: row.stop_forced }
        : null,
  };
}

const largestVersion = 2n ** 63n - 1n;

function toVersion(position: bigint): Uint8Array {
  const version = Buffer.alloc(8);
  version.writeBigUInt64BE(position);
  return version;
}

function fromVersion(version: Uint8Array): bigint {
  return Buffer.from(version.buffer, version.byteOffset, version.byteLength).readBigUInt64BE();
}
