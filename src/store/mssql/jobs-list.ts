import { isId } from "../../contract/id.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import { endedStatuses } from "../../contract/job-status.ts";
import { bytesToId } from "../id-bytes.ts";
import { idRange } from "../id-range.ts";
import type { WantedPortion } from "../merged-ranges.ts";
import { MergedRanges } from "../merged-ranges.ts";
import type { JobsPage, StoredJob, StoredJobFilter } from "../operations/jobs.ts";
import type { VisibleRunbooks } from "../operations/runbooks.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { readJobRows } from "./jobs-read.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import type { SqlValues } from "./sql-values.ts";
import { id, idBytes, int, json, text, time } from "./sql-values.ts";

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

/** Runbooks whose jobs are merged; where more may be shown, the newest jobs of all are looked at one by one. */
const mostMerged = 2_000;

/** Texts of conditions are constants of this file; what they compare with are parameters. */
interface Condition {
  sql: string;
  values: SqlValues;
}

/** How the jobs of a filter are found. */
interface Plan {
  /** Ranges of one index, each in the order of `job_id`; every job of the filter is in one of them. */
  ranges: Condition[];
  /** Or the runbooks, as hexadecimal digits, whose ranges they are. */
  runbooks: string[] | null;
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
  const before =
    of.after === undefined ? plan.before : smaller(Buffer.from(of.after.replaceAll("-", ""), "hex"), plan.before);
  const portions = { first: Math.min(firstStep, of.limit + 1), largest: largestStep };
  const merged = new MergedRanges<SeenRow>(plan.runbooks?.length ?? plan.ranges.length, before, portions);
  for (let lookedAt = 0, isOver = false; !isOver; ) {
    // Some at once, as each reading of their texts is a way to the server and back.
    const fitting: string[] = [];
    let last: Uint8Array | null = null;
    const isBounded = () => plan.rest.length > 0 && lookedAt >= mostLookedAt;
    while (fitting.length < Math.min(readAtOnce, page.placesLeft + 1) && !isBounded()) {
      const wanted = merged.wanted();
      if (wanted.length > 0) {
        merged.read(await readPortions(session, plan, wanted));
      }
      const seen = merged.next();
      if (seen === undefined) {
        isOver = true;
        break;
      }
      last = seen.job_id;
      lookedAt += 1;
      if (seen.fits === 1) {
        fitting.push(bytesToId(seen.job_id));
      }
    }
    const rows = await readJobRows(session, fitting);
    for (const jobId of fitting) {
      if (page.isFull) {
        return page.end(page.last);
      }
      const row = rows.get(jobId);
      if (row !== undefined) {
        page.add(row);
      }
    }
    if (!isOver && last !== null && isBounded()) {
      return page.end(bytesToId(last));
    }
  }
  return page.end(null);
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

/** The newest rows of ranges, by the number of the range. */
async function readPortions(
  session: MssqlSession,
  plan: Plan,
  wanted: readonly WantedPortion[],
): Promise<Map<number, SeenRow[]>> {
  const rest = plan.rest.map(({ sql }) => sql).join(" AND ");
  const fits = plan.rest.length === 0 ? "1" : `CASE WHEN ${rest} THEN 1 ELSE 0 END`;
  const values = { ...Object.assign({}, ...plan.rest.map((condition) => condition.values)), from: idBytes(plan.from) };
  return plan.runbooks === null
    ? new Map(
        await Promise.all(
          wanted.map(async (portion): Promise<[number, SeenRow[]]> => {
            const range = plan.ranges[portion.range] ?? { sql: "", values: {} };
            const rows = await session.all<SeenRow>(
              `SELECT TOP (@limit) j.job_id, ${fits} AS fits FROM runsmith.jobs j
               WHERE ${range.sql} AND j.job_id >= @from AND j.job_id < @before ORDER BY j.job_id DESC`,
              { ...values, ...range.values, before: idBytes(portion.before), limit: int(portion.limit) },
            );
            return [portion.range, rows];
          }),
        ),
      )
    : readPortionsOfRunbooks(session, plan.runbooks, fits, values, wanted);
}

/** Each range is a runbook; all that are wanted, in one statement. */
async function readPortionsOfRunbooks(
  session: MssqlSession,
  runbooks: readonly string[],
  fits: string,
  values: SqlValues,
  wanted: readonly WantedPortion[],
): Promise<Map<number, SeenRow[]>> {
  const ranges = wanted.map(({ range, before, limit }) => ({
    range,
    runbook: runbooks[range],
    before: Buffer.from(before).toString("hex"),
    limit,
  }));
  const rows = await session.all<SeenRow & { range_number: number }>(
    `SELECT w.range_number, n.job_id, n.fits
     FROM OPENJSON(@wanted) WITH (range_number int '$.range', runbook nvarchar(32) '$.runbook', before nvarchar(32) '$.before') AS w
     CROSS APPLY (
       SELECT TOP (@limit) j.job_id, ${fits} AS fits FROM runsmith.jobs j
       WHERE j.workspace_id = @workspace_id AND j.runbook_id = CONVERT(binary(16), w.runbook, 2)
         AND j.job_id >= @from AND j.job_id < CONVERT(binary(16), w.before, 2)
       ORDER BY j.job_id DESC) AS n
     ORDER BY w.range_number, n.job_id DESC`,
    {
      ...values,
      workspace_id: id(defaultWorkspace),
      wanted: text(JSON.stringify(ranges)),
      limit: int(Math.max(...wanted.map(({ limit }) => limit))),
    },
  );
  const portions = new Map<number, SeenRow[]>(wanted.map(({ range }) => [range, []]));
  for (const { range, limit } of wanted) {
    portions.set(range, rows.filter(({ range_number }) => range_number === range).slice(0, limit));
  }
  return portions;
}

/** Null when no job can fit. */
async function planOf(session: MssqlSession, of: StoredJobFilter): Promise<Plan | null> {
  const runbookId = of.runbook === undefined ? null : await runbookIdOf(session, of.runbook);
  const workerId = of.worker === undefined ? null : await workerIdOf(session, of.worker);
  if (runbookId === undefined || workerId === undefined || of.statuses?.length === 0) {
    return null;
  }
  const visible = of.visibleTo === undefined ? null : await visibleRunbooks(session, of.visibleTo);
  if (visible?.length === 0 || (runbookId !== null && visible?.includes(runbookId.replaceAll("-", "")) === false)) {
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
  // Where one runbook is asked for, it was seen to be visible.
  const ofVisible =
    visible === null || runbookId !== null
      ? []
      : [
          {
            sql: "j.runbook_id IN (SELECT CONVERT(binary(16), v.value, 2) FROM OPENJSON(@visible) v)",
            values: { visible: text(JSON.stringify(visible)) },
          },
        ];
  let ranges: Condition[] = [];
  let runbooks: string[] | null = null;
  const rest: Condition[] = [];
  // Few jobs are open, however many a runbook has had, and fewer are on a worker.
  if (workerId !== null && areOpen(statuses)) {
    ranges = [{ sql: "j.worker_id = @worker_id AND j.ended_at IS NULL", values: { worker_id: id(workerId) } }];
    rest.push(...ofRunbook, ...ofVisible, ...inStatus);
  } else if (visible !== null && runbookId === null && visible.length <= mostMerged && !areOpen(statuses)) {
    runbooks = visible;
    rest.push(...inStatus, ...ofWorker);
  } else if (statuses !== null && (runbookId === null || areOpen(statuses))) {
    ranges = [...new Set(statuses)].map((status) => ({
      sql: "j.workspace_id = @workspace_id AND j.status = @status",
      values: { ...workspace, status: text(status) },
    }));
    rest.push(...ofRunbook, ...ofVisible, ...ofWorker);
  } else if (runbookId !== null) {
    ranges = ofRunbook.map(({ sql, values }) => ({
      sql: `j.workspace_id = @workspace_id AND ${sql}`,
      values: { ...workspace, ...values },
    }));
    rest.push(...inStatus, ...ofWorker);
  } else {
    ranges = [{ sql: "j.workspace_id = @workspace_id", values: workspace }];
    rest.push(...ofVisible, ...ofWorker);
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
  return { ranges, runbooks, rest, ...idRange(of) };
}

/** Whether only open ones are asked for. */
function areOpen(statuses: readonly JobStatus[] | null): statuses is readonly JobStatus[] {
  return statuses !== null && !statuses.some((status) => (endedStatuses as readonly string[]).includes(status));
}

/** The ids of the runbooks that may be shown, as hexadecimal digits, each once. */
async function visibleRunbooks(session: MssqlSession, { folderIds, runbookIds }: VisibleRunbooks): Promise<string[]> {
  const rows = await session.all<{ runbook_id: Uint8Array }>(
    `SELECT r.runbook_id FROM runsmith.runbooks r JOIN OPENJSON(@folder_ids) AS f
       ON r.folder_id = CONVERT(binary(16), REPLACE(f.value, N'-', N''), 2)
     UNION SELECT CONVERT(binary(16), REPLACE(i.value, N'-', N''), 2) FROM OPENJSON(@runbook_ids) AS i`,
    { folder_ids: json(folderIds), runbook_ids: json(runbookIds) },
  );
  return rows.map((row) => Buffer.from(row.runbook_id).toString("hex"));
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
