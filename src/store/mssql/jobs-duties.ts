import { bytesToId } from "../id-bytes.ts";
import type { JobEffects } from "../operations/jobs.ts";
import { addEffects, effectsOf, noEffects } from "./jobs-effects.ts";
import { endWaitingJobs } from "./jobs-stop.ts";
import type { MssqlSession } from "./session.ts";
import { id, int } from "./sql-values.ts";

/** See `JobReads.overdueJobsExist`. */
export async function overdueJobsExist(session: MssqlSession): Promise<boolean> {
  return (await readOverdueJobs(session, 1)).length > 0;
}

/** See `JobWrites.failOverdueJobs`. */
export async function failOverdueJobs(session: MssqlSession, { limit }: { limit: number }): Promise<JobEffects> {
  const overdue = await readOverdueJobs(session, limit);
  if (overdue.length === 0) {
    return noEffects();
  }
  const jobs = overdue.map(({ job_id, allowed }) => ({
    jobId: bytesToId(job_id),
    reason: `not started within ${allowed / 1000} s`,
  }));
  return endWaitingJobs(session, jobs, { status: "Failed", requestedBy: null });
}

async function readOverdueJobs(session: MssqlSession, limit: number) {
  const result = await session.execute("runsmith.ReadOverdueJobs", { limit: int(limit) });
  return result.recordsets.flat() as { job_id: Uint8Array; allowed: number }[];
}

/** See `JobWrites.releaseParkedJobs`. Each runbook in a transaction of its own. */
export async function releaseParkedJobs(
  session: MssqlSession,
  { runbookId, limit }: { runbookId?: string; limit: number },
): Promise<{ effects: JobEffects; more: boolean }> {
  const runbookIds = runbookId === undefined ? await readReleasable(session) : [runbookId];
  const effects = noEffects();
  let more = false;
  for (const of of runbookIds) {
    const result = await session.execute("runsmith.ReleaseParkedJobs", { runbook_id: id(of), limit: int(limit) });
    const released = effectsOf(result);
    addEffects(effects, released);
    more ||= released.queued.length >= limit && (await readReleasable(session)).includes(of);
  }
  return { effects, more };
}

/** Runbooks that have parked jobs and room for them. */
async function readReleasable(session: MssqlSession): Promise<string[]> {
  const rows = await session.all<{ runbook_id: Uint8Array }>(
    `SELECT r.runbook_id FROM runsmith.runbooks r
     WHERE r.dispatch_held = 0 AND (r.concurrency_limit IS NULL OR r.active_jobs < r.concurrency_limit) AND EXISTS (
       SELECT 1 FROM runsmith.jobs j
       WHERE j.workspace_id = 0x00000000000000000000000000000000 AND j.runbook_id = r.runbook_id AND j.parked = 1)`,
  );
  return rows.map(({ runbook_id }) => bytesToId(runbook_id));
}
