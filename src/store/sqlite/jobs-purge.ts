import { bytesToId } from "../id-bytes.ts";
import type { PurgeBoundary } from "../operations/jobs.ts";
import type { SqliteSession } from "./session.ts";

/** Records deleted between two looks at the clock. */
const recordsAtOnce = 20;

/** See `JobReads.purgeBoundary`. Walks over as many index entries as jobs are kept, however many there are. */
export function purgeBoundary(session: SqliteSession, { keep }: { keep: number }): PurgeBoundary | null {
  const row = session.first<{ ended_at: number; job_id: Uint8Array }>(
    `SELECT ended_at, job_id FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, job_id DESC LIMIT 1 OFFSET ?`,
    keep,
  );
  return row === undefined ? null : { endedAt: row.ended_at, jobId: bytesToId(row.job_id) };
}

/** See `JobWrites.purgeJobs`. */
export function purgeJobs(
  session: SqliteSession,
  request: { endedBefore: number; upTo: PurgeBoundary | null; budget: number },
): { jobs: number; records: number; more: boolean } {
  const stopAt = performance.now() + request.budget;
  let jobs = 0;
  let records = 0;
  for (;;) {
    const oldest = session.first<{ job_id: Uint8Array; ended_at: number }>(
      "SELECT job_id, ended_at FROM jobs INDEXED BY jobs_by_end WHERE ended_at IS NOT NULL ORDER BY ended_at, job_id LIMIT 1",
    );
    if (oldest === undefined || !isTooMany(oldest, request)) {
      return { jobs, records, more: false };
    }
    for (;;) {
      const deleted = deleteSomeRecords(session, oldest.job_id);
      records += deleted;
      if (deleted < recordsAtOnce) {
        break;
      }
      if (performance.now() >= stopAt) {
        return { jobs, records, more: true };
      }
    }
    session.run("DELETE FROM job_attempts WHERE job_id = ?", oldest.job_id);
    session.run("DELETE FROM job_steps WHERE job_id = ?", oldest.job_id);
    session.run("DELETE FROM job_children WHERE job_id = ?", oldest.job_id);
    session.run("DELETE FROM job_parameters WHERE job_id = ?", oldest.job_id);
    session.run("DELETE FROM jobs WHERE job_id = ?", oldest.job_id);
    jobs += 1;
    if (performance.now() >= stopAt) {
      return { jobs, records, more: true };
    }
  }
}

function isTooMany(
  job: { job_id: Uint8Array; ended_at: number },
  { endedBefore, upTo }: { endedBefore: number; upTo: PurgeBoundary | null },
): boolean {
  if (job.ended_at < endedBefore) {
    return true;
  }
  return (
    upTo !== null &&
    (job.ended_at < upTo.endedAt || (job.ended_at === upTo.endedAt && bytesToId(job.job_id) <= upTo.jobId))
  );
}

function deleteSomeRecords(session: SqliteSession, jobId: Uint8Array): number {
  const last = session.first<{ attempt: number; number: number }>(
    "SELECT attempt, number FROM stream_records WHERE job_id = ? ORDER BY attempt, number LIMIT 1 OFFSET ?",
    jobId,
    recordsAtOnce - 1,
  );
  return last === undefined
    ? session.run("DELETE FROM stream_records WHERE job_id = ?", jobId)
    : session.run(
        "DELETE FROM stream_records WHERE job_id = ? AND (attempt, number) <= (?, ?)",
        jobId,
        last.attempt,
        last.number,
      );
}
