import type sql from "mssql";
import type { AttemptRow, JobHistory, JobRow, RecordRow } from "./job-history.ts";

/** Reads a database on SQL Server, whole. */
export async function mssqlHistory(pool: sql.ConnectionPool): Promise<JobHistory> {
  const all = async <T>(text: string) => (await pool.request().query<T>(text)).recordset as T[];
  const jobs = await all<JobRow & { ended: Date | null }>(
    `SELECT LOWER(CONVERT(varchar(32), job_id, 2)) AS id, status, attempt, lost_attempts, max_attempts, ended_at AS ended,
       status_reason, exception, record_count FROM runsmith.jobs`,
  );
  const attempts = await all<AttemptRow & { id: string; claimed: Date; ended: Date | null }>(
    `SELECT LOWER(CONVERT(varchar(32), job_id, 2)) AS id, attempt, claimed_at AS claimed, ended_at AS ended, outcome, last_number
     FROM runsmith.job_attempts ORDER BY job_id, attempt`,
  );
  const records = await all<RecordRow & { id: string }>(
    `SELECT LOWER(CONVERT(varchar(32), job_id, 2)) AS id, attempt, number, stream, text
     FROM runsmith.stream_records ORDER BY job_id, attempt, number`,
  );
  const held = await all<{ what: string }>(
    `SELECT CONCAT('the queue holds ', LOWER(CONVERT(varchar(32), job_id, 2))) AS what FROM runsmith.job_queue
     UNION ALL SELECT CONCAT(name, ' counts ', active_jobs, ' active jobs') FROM runsmith.runbooks WHERE active_jobs <> 0
     UNION ALL SELECT CONCAT(LOWER(CONVERT(varchar(32), job_id, 2)), ' is parked') FROM runsmith.jobs WHERE parked <> 0`,
  );
  const attemptsByJob = Map.groupBy(attempts, ({ id }) => id);
  const recordsByJob = Map.groupBy(records, ({ id }) => id);
  return {
    jobs: jobs.map(({ ended, ...job }) => ({ ...job, ended_at: ended?.getTime() ?? null })),
    attemptsOf: (jobId) =>
      (attemptsByJob.get(jobId) ?? []).map(({ claimed, ended, ...attempt }) => ({
        ...attempt,
        claimed_at: claimed.getTime(),
        ended_at: ended?.getTime() ?? null,
      })),
    recordsOf: (jobId) => recordsByJob.get(jobId) ?? [],
    held: held.map(({ what }) => what),
    faults: [],
  };
}
