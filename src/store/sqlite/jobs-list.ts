import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import { idRange } from "../id-range.ts";
import type { JobFilter, JobsPage, StoredJob } from "../operations/jobs.ts";
import { idToBytes } from "./id-bytes.ts";
import type { StoredJobRow } from "./jobs-rows.ts";
import { selectStoredJob, toStoredJob } from "./jobs-rows.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/*
 * Lists of jobs, newest first. A page walks down ranges of one index each, chosen by the filter. What the index does not
 * answer is looked at row by row, a bounded number of rows a page: a page may then hold few jobs, or none, and still have a
 * next one.
 */

/** Rows of the first step; while they are small, each step is four times the one before. */
const firstStep = 16;
const largestStep = 1024;

/** Rows that a page may look at when the index alone does not answer the filter. */
const mostLookedAt = 10_000;

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** How the jobs of a filter are found. */
interface Plan {
  /** Ranges of one index, each in the order of `job_id`; their union holds every job of the filter. */
  ranges: Condition[];
  /** What the index does not answer. */
  rest: Condition[];
  from: Uint8Array;
  before: Uint8Array;
}

/** See `JobReads.jobs`. */
export function readJobs(session: SqliteSession, of: JobsPage): { items: StoredJob[]; next: string | null } {
  const plan = planOf(session, of);
  if (plan === null) {
    return { items: [], next: null };
  }
  const items: StoredJob[] = [];
  const before = of.after === undefined ? plan.before : lower(idToBytes(of.after), plan.before);
  let bytes = 0;
  const lookedAt = 0;
  for (let step = firstStep; ; step = Math.min(step * 4, largestStep)) {
    const wanted = plan.rest.length === 0 ? Math.min(step, of.limit + 1 - items.length) : step;
    const rows = readStep(session, plan, before, wanted);
    for (const row of rows) {
      if (row === null) {
        continue;
      }
      if (items.length >= of.limit || bytes >= of.bytes) {
        return { items, next: items.at(-1)?.jobId ?? null };
      }
      items.push(toStoredJob(row));
      bytes += row.parameters.length + row.grants.length + (row.result?.length ?? 0) + (row.exception?.length ?? 0);
    }
  }
}
