import assert from "node:assert/strict";
import type { JobsDatabase, PlainRow } from "./jobs-database.ts";

/* For tests only. */

/** What holds of jobs at any moment, by the rows themselves. */
export async function checkInvariants(db: JobsDatabase, when: string): Promise<void> {
  const jobs = await db.rows("jobs");
  const runbooks = await db.rows("runbooks");
  const attempts = await db.rows("job_attempts");
  const queued = new Set((await db.rows("job_queue")).map(({ job_id }) => job_id));
  const records = Map.groupBy(await db.rows("stream_records"), ({ job_id }) => job_id);
  const jobOf = new Map(jobs.map((job) => [job["job_id"], job]));
  const runbookOf = new Map(runbooks.map((runbook) => [runbook["runbook_id"], runbook]));
  const none = (rows: unknown[], what: string) => assert.deepEqual(rows, [], `${what} (${when})`);
  const number = (value: PlainRow[string] | undefined) => Number(value ?? 0);

  const couldStart = (job: PlainRow) => job["status"] === "New" && job["parked"] === 0;
  none(
    [...queued].filter((jobId) => !couldStart(jobOf.get(jobId ?? "") ?? {})),
    "the queue holds only jobs that could start now",
  );
  none(
    jobs.filter((job) => couldStart(job) && !queued.has(job["job_id"] ?? "")),
    "every job that could start now is in the queue",
  );
  none(
    runbooks.filter(
      ({ runbook_id, active_jobs }) =>
        active_jobs !==
        jobs.filter((job) => job["runbook_id"] === runbook_id && job["parked"] === 0 && job["ended_at"] === null)
          .length,
    ),
    "every runbook knows how many places are taken",
  );
  none(
    runbooks.filter(
      ({ concurrency_limit, active_jobs }) =>
        concurrency_limit !== null && number(active_jobs) > number(concurrency_limit),
    ),
    "no runbook has more jobs at once than it may",
  );
  none(
    jobs.filter((job) => {
      const runbook = runbookOf.get(job["runbook_id"] ?? "") ?? {};
      const hasRoom =
        runbook["concurrency_limit"] === null || number(runbook["active_jobs"]) < number(runbook["concurrency_limit"]);
      return job["parked"] === 1 && hasRoom;
    }),
    "no job stays parked where there is room",
  );
  const live = attempts.filter(({ ended_at }) => ended_at === null);
  none(
    [...Map.groupBy(live, ({ job_id }) => job_id).values()].filter((of) => of.length > 1),
    "no job has two live attempts",
  );
  none(
    live.filter(({ job_id, attempt, worker_id }) => {
      const job = jobOf.get(job_id ?? "") ?? {};
      return attempt !== job["attempt"] || worker_id !== job["worker_id"] || job["ended_at"] !== null;
    }),
    "a live attempt is its job's current one",
  );
  none(
    jobs.filter(
      ({ ended_at, status }) => (ended_at !== null) !== ["Completed", "Failed", "Stopped"].includes(String(status)),
    ),
    "a job has an end when it has ended",
  );
  none(
    jobs.filter(({ job_id, record_count }) => record_count !== (records.get(job_id ?? "")?.length ?? 0)),
    "the records are counted right",
  );
  none(
    attempts.filter(({ job_id, attempt, last_number }) => {
      const numbers = (records.get(job_id ?? "") ?? []).filter((record) => record["attempt"] === attempt);
      return (
        numbers.length !== last_number ||
        Math.max(0, ...numbers.map((record) => number(record["number"]))) !== last_number
      );
    }),
    "the records of an attempt have the numbers from 1 on",
  );
  none(
    jobs.filter(
      (job) =>
        number(job["lost_attempts"]) > number(job["max_attempts"]) ||
        number(job["failed_attempts"]) > number(job["max_retries"]),
    ),
    "no job gets more attempts than it may",
  );
}
