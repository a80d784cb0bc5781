import type sql from "mssql";
import type { AttemptRow, JobHistory, JobRow, RecordRow, StepRow, WorkerRow } from "./job-history.ts";

/** Reads a database on SQL Server, whole. */
export async function mssqlHistory(pool: sql.ConnectionPool): Promise<JobHistory> {
  const all = async <T>(text: string) => (await pool.request().query<T>(text)).recordset as T[];
  const jobs = await all<
    Omit<JobRow, "id" | "worker_id" | "ended_at"> & {
      job_id: Buffer;
      worker_id: Buffer | null;
      ended_at: Date | null;
      parked: boolean;
    }
  >(
    `SELECT job_id, runbook_name, status, attempt, worker_id, isolation, lost_attempts, max_attempts, ended_at, status_reason, exception,
       record_count, parked
     FROM runsmith.jobs`,
  );
  const attempts = await all<
    Omit<AttemptRow, "worker_id" | "claimed_at" | "ended_at"> & {
      job_id: Buffer;
      worker_id: Buffer;
      claimed_at: Date;
      ended_at: Date | null;
    }
  >(
    `SELECT job_id, attempt, worker_id, claimed_at, ended_at, outcome, last_number FROM runsmith.job_attempts
     ORDER BY job_id, attempt`,
  );
  const records = await all<RecordRow & { job_id: Buffer }>(
    "SELECT job_id, attempt, number, stream, text FROM runsmith.stream_records ORDER BY job_id, attempt, number",
  );
  const steps = await all<StepRow & { job_id: Buffer }>(
    "SELECT job_id, attempt, name FROM runsmith.job_steps WHERE kind = N'step' ORDER BY job_id, attempt, sequence",
  );
  const workers = await all<Pick<WorkerRow, "status"> & { worker_id: Buffer; lease_expires_at: Date | null }>(
    "SELECT worker_id, status, lease_expires_at FROM runsmith.workers",
  );
  const before = Date.now();
  const [{ now } = { now: new Date(before) }] = await all<{ now: Date }>("SELECT SYSUTCDATETIME() AS now");
  const queued = await all<{ job_id: Buffer }>("SELECT job_id FROM runsmith.job_queue");
  const active = await all<{ name: string; active_jobs: number }>(
    "SELECT name, active_jobs FROM runsmith.runbooks WHERE active_jobs <> 0",
  );
  const attemptsByJob = Map.groupBy(attempts, ({ job_id }) => idOf(job_id));
  const stepsByJob = Map.groupBy(steps, ({ job_id }) => idOf(job_id));
  const recordsByJob = Map.groupBy(records, ({ job_id }) => idOf(job_id));
  return {
    jobs: jobs.map(({ job_id, worker_id, ended_at, ...job }) => ({
      ...job,
      id: idOf(job_id),
      worker_id: worker_id === null ? null : idOf(worker_id),
      ended_at: timeOf(ended_at),
    })),
    attemptsOf: (jobId) =>
      (attemptsByJob.get(jobId) ?? []).map(({ worker_id, claimed_at, ended_at, ...attempt }) => ({
        ...attempt,
        worker_id: idOf(worker_id),
        claimed_at: claimed_at.getTime(),
        ended_at: timeOf(ended_at),
      })),
    recordsOf: (jobId) => recordsByJob.get(jobId) ?? [],
    stepsOf: (jobId) => stepsByJob.get(jobId) ?? [],
    workers: workers.map(({ worker_id, status, lease_expires_at }) => ({
      id: idOf(worker_id),
      status,
      lease_expires_at: timeOf(lease_expires_at),
    })),
    held: [
      ...queued.map(({ job_id }) => `the queue holds ${idOf(job_id)}`),
      ...active.map(({ name, active_jobs }) => `${name} counts ${active_jobs} active jobs`),
      ...jobs.filter(({ parked }) => parked).map(({ job_id }) => `${idOf(job_id)} is parked`),
    ],
    faults: [],
    now: now.getTime(),
    clockAhead: now.getTime() - before,
  };
}

function idOf(bytes: Buffer): string {
  return bytes.toString("hex");
}

function timeOf(date: Date | null): number | null {
  return date?.getTime() ?? null;
}
