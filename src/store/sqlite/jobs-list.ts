import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { idRange } from "../id-range.ts";
import type { WantedPortion } from "../merged-ranges.ts";
import { MergedRanges } from "../merged-ranges.ts";
import type { JobsPage, StoredJob, StoredJobFilter } from "../operations/jobs.ts";
import type { VisibleRunbooks } from "../operations/runbooks.ts";
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

/** Runbooks whose jobs are merged; where more may be shown, the newest jobs of all are looked at one by one. */
const mostMerged = 2_000;

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
  const before = of.after === undefined ? plan.before : smaller(idToBytes(of.after), plan.before);
  const merged = new MergedRanges<SeenRow>(plan.ranges.length, before, { first: firstStep, largest: largestStep });
  for (let lookedAt = 0; ; lookedAt += plan.rest.length === 0 ? 0 : 1) {
    const wanted = merged.wanted();
    if (wanted.length > 0) {
      merged.read(new Map(wanted.map((portion) => [portion.range, readPortion(session, plan, portion)])));
    }
    const seen = merged.next();
    if (seen === undefined) {
      return page.end(null);
    }
    if (seen.fits === 1) {
      if (page.isFull) {
        return page.end(page.last);
      }
      const row = session.first<StoredJobRow>(`${selectStoredJob} WHERE j.job_id = ?`, seen.job_id);
      if (row !== undefined) {
        page.add(row);
      }
    }
    if (lookedAt >= mostLookedAt) {
      return page.end(bytesToId(seen.job_id));
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

function readPortion(session: SqliteSession, plan: Plan, { range, before, limit }: WantedPortion): SeenRow[] {
  const { sql = "", values = [] } = plan.ranges[range] ?? {};
  const fits = plan.rest.length === 0 ? "1" : `(${plan.rest.map((condition) => condition.sql).join(" AND ")})`;
  const restValues = plan.rest.flatMap((condition) => condition.values);
  return session.all<SeenRow>(
    `SELECT j.job_id, ${fits} AS fits FROM jobs j WHERE ${sql} AND j.job_id >= ? AND j.job_id < ? ORDER BY j.job_id DESC LIMIT +?`,
    ...restValues,
    ...values,
    plan.from,
    before,
    limit,
  );
}

/** Null when no job can fit. */
function planOf(session: SqliteSession, of: StoredJobFilter): Plan | null {
  const runbookId = of.runbook === undefined ? null : runbookIdOf(session, of.runbook);
  const workerId = of.worker === undefined ? null : workerIdOf(session, of.worker);
  if (runbookId === undefined || workerId === undefined || of.statuses?.length === 0) {
    return null;
  }
  const visible = of.visibleTo === undefined ? null : visibleRunbooks(session, of.visibleTo);
  if (visible?.length === 0 || (runbookId !== null && visible?.some((id) => sameId(id, runbookId)) === false)) {
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
  // Where one runbook is asked for, it was seen to be visible.
  const andVisible = () => {
    if (visible !== null && runbookId === null) rest.push(isOneOf(visible));
  };
  const ofRunbook = (id: Uint8Array) => ({
    sql: "j.workspace_id = ? AND j.runbook_id = ?",
    values: [defaultWorkspace, id],
  });
  let ranges: Condition[];
  // Few jobs are open, however many a runbook has had, and fewer are on a worker.
  if (workerId !== null && areOpen(statuses)) {
    ranges = [{ sql: "j.worker_id = ? AND j.ended_at IS NULL", values: [workerId] }];
    andRunbook();
    andVisible();
    andStatus();
  } else if (visible !== null && runbookId === null && visible.length <= mostMerged && !areOpen(statuses)) {
    ranges = visible.map(ofRunbook);
    andStatus();
    andWorker();
  } else if (statuses !== null && (runbookId === null || areOpen(statuses))) {
    ranges = [...new Set(statuses)].map((status) => ({
      sql: "j.workspace_id = ? AND j.status = ?",
      values: [defaultWorkspace, status],
    }));
    andRunbook();
    andVisible();
    andWorker();
  } else if (runbookId !== null) {
    ranges = [ofRunbook(runbookId)];
    andStatus();
    andWorker();
  } else {
    // With the +, as statistics that come from samples make SQLite think that a workspace has few jobs, and sort them all.
    ranges = [{ sql: "+j.workspace_id = ?", values: [defaultWorkspace] }];
    andVisible();
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

/** Whether only open ones are asked for. */
function areOpen(statuses: readonly JobStatus[] | null): statuses is readonly JobStatus[] {
  return statuses !== null && !statuses.some((status) => (endedStatuses as readonly string[]).includes(status));
}

/** The ids of the runbooks that may be shown, each once. */
function visibleRunbooks(session: SqliteSession, { folderIds, runbookIds }: VisibleRunbooks): Uint8Array[] {
  return session
    .all<{ runbook_id: Uint8Array }>(
      `SELECT runbook_id FROM runbooks WHERE folder_id IN (SELECT unhex(value, '-') FROM json_each(?))
       UNION SELECT unhex(value, '-') FROM json_each(?)`,
      JSON.stringify(folderIds),
      JSON.stringify(runbookIds),
    )
    .map((row) => row.runbook_id);
}

function isOneOf(runbookIds: readonly Uint8Array[]): Condition {
  const ids = runbookIds.map((id) => Buffer.from(id).toString("hex"));
  return { sql: "j.runbook_id IN (SELECT unhex(value) FROM json_each(?))", values: [JSON.stringify(ids)] };
}

function sameId(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
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
