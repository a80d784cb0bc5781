import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Everything that a database keeps of its jobs, for examining it after the services have ended. */
export interface JobHistory {
  jobs: readonly JobRow[];
  /** In order. */
  attemptsOf(jobId: string): readonly AttemptRow[];
  /** By attempt, in order. */
  recordsOf(jobId: string): readonly RecordRow[];
  /** Places in queues, of running jobs and under concurrency rules that are taken, in words. */
  held: readonly string[];
  /** What the database finds wrong with itself. */
  faults: readonly string[];
}

export interface JobRow {
  /** 32 hexadecimal digits. */
  id: string;
  status: string;
  attempt: number;
  lost_attempts: number;
  max_attempts: number;
  ended_at: number | null;
  status_reason: string | null;
  exception: string | null;
  record_count: number;
}

export interface AttemptRow {
  attempt: number;
  claimed_at: number;
  ended_at: number | null;
  outcome: string | null;
  last_number: number;
}

export interface RecordRow {
  attempt: number;
  number: number;
  stream: number;
  text: string;
}

/** Reads the embedded database in a data directory. */
export function sqliteHistory(dataDirectory: string): JobHistory & Disposable {
  const database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"));
  const all = <T>(sql: string, ...values: string[]) => database.prepare(sql).all(...values) as unknown as T[];
  const held = all<{ what: string }>(
    `SELECT 'the queue holds ' || lower(hex(job_id)) AS what FROM job_queue
     UNION ALL SELECT name || ' counts ' || active_jobs || ' active jobs' FROM runbooks WHERE active_jobs <> 0
     UNION ALL SELECT lower(hex(job_id)) || ' is parked' FROM jobs WHERE parked <> 0`,
  );
  const faults = all<{ integrity_check: string }>("PRAGMA integrity_check").map((row) => row.integrity_check);
  const foreign = all<{ table: string }>("PRAGMA foreign_key_check");
  return {
    jobs: all<JobRow>(
      `SELECT lower(hex(job_id)) AS id, status, attempt, lost_attempts, max_attempts, ended_at, status_reason, exception,
         record_count FROM jobs`,
    ),
    attemptsOf: (jobId) =>
      all<AttemptRow>(
        `SELECT attempt, claimed_at, ended_at, outcome, last_number FROM job_attempts
         WHERE job_id = unhex(?) ORDER BY attempt`,
        jobId,
      ),
    recordsOf: (jobId) =>
      all<RecordRow>(
        `SELECT attempt, number, stream, text FROM stream_records WHERE job_id = unhex(?) ORDER BY attempt, number`,
        jobId,
      ),
    held: held.map(({ what }) => what),
    faults: [
      ...faults.filter((fault) => fault !== "ok"),
      ...foreign.map((row) => `a row of ${row.table} refers to nothing`),
    ],
    [Symbol.dispose]: () => database.close(),
  };
}
