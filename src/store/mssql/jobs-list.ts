import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import { bytesToId } from "../id-bytes.ts";
import { idRange } from "../id-range.ts";
import type { JobsPage, StoredJob, StoredJobFilter } from "../operations/jobs.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { readJobRows } from "./jobs-read.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import type { SqlValues } from "./sql-values.ts";
import { id, idBytes, int, text, time } from "./sql-values.ts";

/*
 * Lists of jobs, newest first. A page walks down ranges of one index, chosen by the filter. What the index does not answer is
 * looked at row by row, a bounded number of rows a page: such a page may hold few jobs, or none, and still have a next one.
 */

/** Rows of the first step; while they are small, each step is four times the one before. */
const firstStep = 32;
const largestStep = 2048;

/** Rows that a page may look at when the index alone does not answer its filter. */
const mostLookedAt = 10_000;

/** Rows whose texts are read at once. */
const readAtOnce = 100;

/** Texts of conditions are constants of this file; what they compare with are parameters. */
interface Condition {
  sql: string;
  values: SqlValues;
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
export async function readJobs(
  session: MssqlSession,
  of: JobsPage,
): Promise<{ items: StoredJob[]; next: string | null }> {
  const plan = await planOf(session, of);
  const page = new PageOfJobs(of);
  if (plan === null) {
    return page.end(null);
  }
  let before =
    of.after === undefined ? plan.before : smaller(Buffer.from(of.after.replaceAll("-", ""), "hex"), plan.before);
  let lookedAt = 0;
  for (let step = Math.min(firstStep, of.limit + 1); ; step = Math.min(step * 4, largestStep)) {
    const seen = await readStep(session, plan, before, step);
    const fitting = seen.filter(({ fits }) => fits === 1).map(({ job_id }) => bytesToId(job_id));
    for (let from = 0; from < fitting.length; from += readAtOnce) {
      if (page.isFull) {
        return page.end(page.last);
      }
      const jobIds = fitting.slice(from, from + Math.min(readAtOnce, page.placesLeft + 1));
      const rows = await readJobRows(session, jobIds);
      for (const jobId of fitting.slice(from, from + readAtOnce)) {
        if (page.isFull) {
          return page.end(page.last);
        }
        const row = rows.get(jobId);
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
    return this.placesLeft <= 0 || this.#bytesLeft <= 0;
  }

  get placesLeft(): number {
    return this.#limit - this.#items.length;
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
async function readStep(session: MssqlSession, plan: Plan, before: Uint8Array, limit: number): Promise<SeenRow[]> {
  const rest = plan.rest.map(({ sql }) => sql).join(" AND ");
  const fits = plan.rest.length === 0 ? "1" : `CASE WHEN ${rest} THEN 1 ELSE 0 END`;
  const restValues = Object.assign({}, ...plan.rest.map(({ values }) => values)) as SqlValues;
  const seen = await Promise.all(
    plan.ranges.map((range) =>
      session.all<SeenRow>(
        `SELECT TOP (@limit) j.job_id, ${fits} AS fits FROM runsmith.jobs j
         WHERE ${range.sql} AND j.job_id >= @from AND j.job_id < @before ORDER BY j.job_id DESC`,
        { ...restValues, ...range.values, from: idBytes(plan.from), before: idBytes(before), limit: int(limit) },
      ),
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
async function planOf(session: MssqlSession, of: StoredJobFilter): Promise<Plan | null> {
  const runbookId = of.runbook === undefined ? null : await runbookIdOf(session, of.runbook);
  const workerId = of.worker === undefined ? null : await workerIdOf(session, of.worker);
  if (runbookId === undefined || workerId === undefined || of.statuses?.length === 0) {
    return null;
  }
  const statuses = of.statuses ?? null;
  const workspace = { workspace_id: id(defaultWorkspace) };
  const ofRunbook =
    runbookId === null ? [] : [{ sql: "j.runbook_id = @runbook_id", values: { runbook_id: id(runbookId) } }];
  const ofWorker = workerId === null ? [] : [{ sql: "j.worker_id = @worker_id", values: { worker_id: id(workerId) } }];
  const inStatus =
    statuses === null
      ? []
      : [
          {
            sql: `j.status IN (SELECT s.value COLLATE Latin1_General_BIN2 FROM OPENJSON(@statuses) s)`,
            values: { statuses: text(JSON.stringify(statuses)) },
          },
        ];
  let ranges: Condition[];
  const rest: Condition[] = [];
  // Few jobs are open, however many a runbook has had, and fewer are on a worker.
  if (workerId !== null && statuses !== null && areOpen(statuses)) {
    ranges = [{ sql: "j.worker_id = @worker_id AND j.ended_at IS NULL", values: { worker_id: id(workerId) } }];
    rest.push(...ofRunbook, ...inStatus);
  } else if (statuses !== null && (runbookId === null || areOpen(statuses))) {
    ranges = [...new Set(statuses)].map((status) => ({
      sql: "j.workspace_id = @workspace_id AND j.status = @status",
      values: { ...workspace, status: text(status) },
    }));
    rest.push(...ofRunbook, ...ofWorker);
  } else if (runbookId !== null) {
    ranges = ofRunbook.map(({ sql, values }) => ({
      sql: `j.workspace_id = @workspace_id AND ${sql}`,
      values: { ...workspace, ...values },
    }));
    rest.push(...inStatus, ...ofWorker);
  } else {
    ranges = [{ sql: "j.workspace_id = @workspace_id", values: workspace }];
    rest.push(...ofWorker);
  }
  if (of.since !== undefined) rest.push({ sql: "j.accepted_at >= @since", values: { since: time(of.since) } });
  if (of.until !== undefined) rest.push({ sql: "j.accepted_at < @until", values: { until: time(of.until) } });
  if (of.workerGroup !== undefined) {
    rest.push({ sql: "j.worker_group = @worker_group", values: { worker_group: text(of.workerGroup) } });
  }
  if (of.startedBy !== undefined) {
    rest.push({ sql: "j.started_by = @started_by", values: { started_by: text(of.startedBy) } });
  }
  if (of.tag !== undefined) {
    rest.push({
      sql: `EXISTS (
        SELECT 1 FROM runsmith.runbooks r CROSS APPLY OPENJSON(r.tags) t
        WHERE r.runbook_id = j.runbook_id AND t.value COLLATE Latin1_General_BIN2 = @tag)`,
      values: { tag: text(of.tag) },
    });
  }
  return { ranges, rest, ...idRange(of) };
}

function areOpen(statuses: readonly JobStatus[]): boolean {
  return !statuses.some((status) => (endedStatuses as readonly string[]).includes(status));
}

/** Undefined when there is none of that name. */
async function runbookIdOf(session: MssqlSession, runbook: string): Promise<string | undefined> {
  if (isId(runbook)) {
    return runbook;
  }
  const row = await session.first<{ runbook_id: Uint8Array }>(
    "SELECT runbook_id FROM runsmith.runbooks WHERE workspace_id = @workspace_id AND name = @name",
    { workspace_id: id(defaultWorkspace), name: text(runbook) },
  );
  return row === undefined ? undefined : bytesToId(row.runbook_id);
}

async function workerIdOf(session: MssqlSession, worker: string): Promise<string | undefined> {
  if (isId(worker)) {
    return worker;
  }
  const row = await session.first<{ worker_id: Uint8Array }>(
    "SELECT worker_id FROM runsmith.workers WHERE workspace_id = @workspace_id AND name = @name",
    { workspace_id: id(defaultWorkspace), name: text(worker) },
  );
  return row === undefined ? undefined : bytesToId(row.worker_id);
}

function smaller(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? a : b;
}
