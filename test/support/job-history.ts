import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Everything that a database keeps of its jobs, for examining it after the services have ended. */
export interface JobHistory {
  jobs: readonly JobRow[];
  /** In order. */
  attemptsOf(jobId: string): readonly AttemptRow[];
  /** By attempt, in order. */
  recordsOf(jobId: string): readonly RecordRow[];
  /** Steps whose results are kept, in order. */
  stepsOf(jobId: string): readonly StepRow[];
  workers: readonly WorkerRow[];
  /** Places in queues, of running jobs and under concurrency rules that are taken, in words. */
  held: readonly string[];
  /** What the database finds wrong with itself. */
  faults: readonly string[];
  /** When it was read, by its own clock, and by how many milliseconds that is ahead of this machine's. */
  now: number;
  clockAhead: number;
}

export interface JobRow {
  /** 32 hexadecimal digits. */
  id: string;
  runbook_name: string;
  status: string;
  attempt: number;
  /** 32 hexadecimal digits; null where none has it. */
  worker_id: string | null;
  /** Whether its host was its own, `job`, or may have served others, `runbook`; null before it had one. */
  isolation: string | null;
  lost_attempts: number;
  max_attempts: number;
  ended_at: number | null;
  status_reason: string | null;
  exception: string | null;
  record_count: number;
}

export interface AttemptRow {
  attempt: number;
  /** 32 hexadecimal digits. */
  worker_id: string;
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

export interface StepRow {
  /** That has done it. */
  attempt: number;
  name: string;
}

export interface WorkerRow {
  /** 32 hexadecimal digits. */
  id: string;
  status: string;
  lease_expires_at: number | null;
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
      `SELECT lower(hex(job_id)) AS id, runbook_name, status, attempt, NULLIF(lower(hex(worker_id)), '') AS worker_id, isolation, lost_attempts,
         max_attempts, ended_at, status_reason, exception, record_count FROM jobs`,
    ),
    attemptsOf: (jobId) =>
      all<AttemptRow>(
        `SELECT attempt, lower(hex(worker_id)) AS worker_id, claimed_at, ended_at, outcome, last_number FROM job_attempts
         WHERE job_id = unhex(?) ORDER BY attempt`,
        jobId,
      ),
    recordsOf: (jobId) =>
      all<RecordRow>(
        `SELECT attempt, number, stream, text FROM stream_records WHERE job_id = unhex(?) ORDER BY attempt, number`,
        jobId,
      ),
    stepsOf: (jobId) =>
      all<StepRow>(
        "SELECT attempt, name FROM job_steps WHERE job_id = unhex(?) AND kind = 'step' ORDER BY attempt, sequence",
        jobId,
      ),
    workers: all<WorkerRow>("SELECT lower(hex(worker_id)) AS id, status, lease_expires_at FROM workers"),
    held: held.map(({ what }) => what),
    faults: [
      ...faults.filter((fault) => fault !== "ok"),
      ...foreign.map((row) => `a row of ${row.table} refers to nothing`),
    ],
    now: Date.now(),
    clockAhead: 0,
    [Symbol.dispose]: () => database.close(),
  };
}
