import { bytesToId } from "../id-bytes.ts";
import type { JobWrites, PurgeBoundary } from "../operations/jobs.ts";
import type { MssqlSession } from "./session.ts";
import { bigint, id, int, time } from "./sql-values.ts";

/** What one step deletes at most. Well below the 5,000 row locks at which SQL Server would lock the whole table instead. */
const jobsAtOnce = 100;
const recordsAtOnce = 1_000;

/** See `JobReads.purgeBoundary`. Walks over as many index entries as jobs are kept, however many there are. */
export async function purgeBoundary(session: MssqlSession, { keep }: { keep: number }): Promise<PurgeBoundary | null> {
  const row = await session.first<{ ended_at: number; job_id: Uint8Array }>(
    `SELECT ended_at, job_id FROM runsmith.jobs WHERE ended_at IS NOT NULL
     ORDER BY ended_at DESC, job_id DESC OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY`,
    { keep: bigint(keep) },
  );
  return row === undefined ? null : { endedAt: row.ended_at, jobId: bytesToId(row.job_id) };
}

/** See `JobWrites.purgeJobs`. Each step is a transaction of its own. */
export async function purgeJobs(
  session: MssqlSession,
  { endedBefore, upTo, budget }: Parameters<JobWrites["purgeJobs"]>[0],
): Promise<ReturnType<JobWrites["purgeJobs"]>> {
  const stopAt = performance.now() + budget;
  let jobs = 0;
  let records = 0;
  for (;;) {
    const result = await session.execute("runsmith.PurgeJobs", {
      ended_before: time(endedBefore),
      up_to: time(upTo?.endedAt ?? null),
      up_to_job_id: id(upTo?.jobId ?? null),
      jobs: int(jobsAtOnce),
      records: int(recordsAtOnce),
    });
    const [step] = result.recordsets.flat() as { jobs: number; records: number; more: number }[];
    jobs += step?.jobs ?? 0;
    records += step?.records ?? 0;
    if (step?.more !== 1) {
      return { jobs, records, more: false };
    }
    if (performance.now() >= stopAt) {
      return { jobs, records, more: true };
    }
  }
}
