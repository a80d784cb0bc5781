import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { idRange } from "../id-range.ts";
import type { JobsPage, StoredJob, StoredJobFilter } from "../operations/jobs.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { selectStoredJob } from "./jobs-rows.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/*
 * Lists of jobs, newest first. A page walks down ranges of one index, chosen by the filter. What the index does not answer is
 * looked at row by row, a bounded number of rows a page: such a page may hold few jobs, or none, and still have a next one.
 */

/** Rows of the first step; while they are small, each step is four times the one before. */
const firstStep = 16;
const largestStep = 1024;

/** Rows that a page may look at when the index alone does not answer its filter. */
const mostLookedAt = 10_000;

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** How the jobs of a filter are found. */
interface Plan {
  /** Ranges of one index, each in the order of `job_id`; every job of the filter is in one of them. */
  ranges: Condition[];
  /** What the index does not answer. */
  rest: Condition[];
  /** The ids between which the jobs are; `before` is not one of them. */
  from: Uint8Array;
  before: Uint8Array;
}

/** A row of a range: whether the rest of the filter fits, too. */
interface SeenRow {
  job_id: Uint8Array;
  fits: number;
}

/** See `JobReads.jobs`. */
export function readJobs(session: SqliteSession, of: JobsPage): { items: StoredJob[]; next: string | null } {
  const plan = planOf(session, of);
  const page = new PageOfJobs(of);
  if (plan === null) {
    return page.end(null);
  }
  let before = of.after === undefined ? plan.before : smaller(idToBytes(of.after), plan.before);
  let lookedAt = 0;
  for (let step = firstStep; ; step = Math.min(step * 4, largestStep)) {
    const seen = readStep(session, plan, before, step);
    for (const { job_id, fits } of seen) {
      if (fits === 1) {
        if (page.isFull) {
          return page.end(page.last);
        }
        const row = session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = ?`, job_id);
        if (row !== undefined) {
          page.add(row);
        }
      }
    }
    const last = seen.at(-1);
    if (last === undefined || seen.length < step) {
      return page.end(null);
    }
    before = last.job_id;
    lookedAt += plan.rest.length === 0 ? 0 : seen.length;
    if (lookedAt >= mostLookedAt) {
      return page.end(bytesToId(before));
    }
  }
}

class PageOfJobs {
  readonly #items: StoredJob[] = [];
  readonly #limit: number;
  #bytesLeft: number;

  constructor({ limit, bytes }: { limit: number; bytes: number }) {
    this.#limit = limit;
    this.#bytesLeft = bytes;
  }

  get isFull(): boolean {
    return this.#items.length >= this.#limit || this.#bytesLeft <= 0;
  }

  get last(): string | null {
    return this.#items.at(-1)?.jobId ?? null;
  }

  add(row: StoredJobRow): void {
    this.#items.push(toStoredJob(row));
    this.#bytesLeft -=
      row.parameters.length + row.grants.length + (row.result?.length ?? 0) + (row.exception?.length ?? 0);
  }

  end(next: string | null): { items: StoredJob[]; next: string | null } {
    return { items: this.#items, next };
  }
}

/** The newest rows before an id, at most so many, of all ranges together. */
function readStep(session: SqliteSession, plan: Plan, before: Uint8Array, limit: number): SeenRow[] {
  const fits = plan.rest.length === 0 ? "1" : `(${plan.rest.map(({ sql }) => sql).join(" AND ")})`;
  const restValues = plan.rest.flatMap(({ values }) => values);
  const seen = plan.ranges.map((range) =>
    session.all<SeenRow>(
      `SELECT j.job_id, ${fits} AS fits FROM jobs j
       WHERE ${range.sql} AND j.job_id >= ? AND j.job_id < ? ORDER BY j.job_id DESC LIMIT ?`,
      ...restValues,
      ...range.values,
      plan.from,
      before,
      limit,
    ),
  );
  // Each range has given its newest, so the newest of all of them are among these.
  return seen.length === 1
    ? (seen[0] ?? [])
    : seen
        .flat()
        .sort((a, b) => Buffer.compare(b.job_id, a.job_id))
        .slice(0, limit);
}

/** Null when no job can fit. */
function planOf(session: SqliteSession, of: StoredJobFilter): Plan | null {
  const runbookId = of.runbook === undefined ? null : runbookIdOf(session, of.runbook);
  const workerId = of.worker === undefined ? null : workerIdOf(session, of.worker);
  if (runbookId === undefined || workerId === undefined || of.statuses?.length === 0) {
    return null;
  }
  const statuses = of.statuses ?? null;
  const rest: Condition[] = [];
  const andRunbook = () => {
    if (runbookId !== null) rest.push({ sql: "j.runbook_id = ?", values: [runbookId] });
  };
  const andWorker = () => {
    if (workerId !== null) rest.push({ sql: "j.worker_id = ?", values: [workerId] });
  };
  const andStatus = () => {
    if (statuses !== null) {
      rest.push({ sql: "j.status IN (SELECT value FROM json_each(?))", values: [JSON.stringify(statuses)] });
    }
  };
  let ranges: Condition[];
  // Few jobs are open, however many a runbook has had, and fewer are on a worker.
  if (workerId !== null && statuses !== null && areOpen(statuses)) {
    ranges = [{ sql: "j.worker_id = ? AND j.ended_at IS NULL", values: [workerId] }];
    andRunbook();
    andStatus();
  } else if (statuses !== null && (runbookId === null || areOpen(statuses))) {
    ranges = [...new Set(statuses)].map((status) => ({
      sql: "j.workspace_id = ? AND j.status = ?",
      values: [defaultWorkspace, status],
    }));
    andRunbook();
    andWorker();
  } else if (runbookId !== null) {
    ranges = [{ sql: "j.workspace_id = ? AND j.runbook_id = ?", values: [defaultWorkspace, runbookId] }];
    andStatus();
    andWorker();
  } else {
    // With the +, as statistics that come from samples make SQLite think that a workspace has few jobs, and sort them all.
    ranges = [{ sql: "+j.workspace_id = ?", values: [defaultWorkspace] }];
    andWorker();
  }
  if (of.since !== undefined) rest.push({ sql: "j.accepted_at >= ?", values: [of.since] });
  if (of.until !== undefined) rest.push({ sql: "j.accepted_at < ?", values: [of.until] });
  if (of.workerGroup !== undefined) rest.push({ sql: "j.worker_group = ?", values: [of.workerGroup] });
  if (of.startedBy !== undefined) rest.push({ sql: "j.started_by = ? COLLATE NOCASE", values: [of.startedBy] });
  if (of.tag !== undefined) {
    rest.push({
      sql: `EXISTS (SELECT 1 FROM runbooks r, json_each(r.tags) t WHERE r.runbook_id = j.runbook_id AND t.value = ?)`,
      values: [of.tag],
    });
  }
  return { ranges, rest, ...idRange(of) };
}

function areOpen(statuses: readonly JobStatus[]): boolean {
  return !statuses.some((status) => (endedStatuses as readonly string[]).includes(status));
}

/** Undefined when there is none of that name. */
function runbookIdOf(session: SqliteSession, runbook: string): Uint8Array | undefined {
  return isId(runbook)
    ? idToBytes(runbook)
    : session.first<{ runbook_id: Uint8Array }>(
        "SELECT runbook_id FROM runbooks WHERE workspace_id = ? AND name = ?",
        defaultWorkspace,
        runbook,
      )?.runbook_id;
}

function workerIdOf(session: SqliteSession, worker: string): Uint8Array | undefined {
  return isId(worker)
    ? idToBytes(worker)
    : session.first<{ worker_id: Uint8Array }>(
        "SELECT worker_id FROM workers WHERE workspace_id = ? AND name = ?",
        defaultWorkspace,
        worker,
      )?.worker_id;
}

function smaller(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? a : b;
}
