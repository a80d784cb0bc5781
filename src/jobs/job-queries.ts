import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { JobFilter } from "../contract/api/job-filter.ts";
import type { Page } from "../contract/api/page.ts";
import { isId } from "../contract/id.ts";
import type { JobStreamRecord, StreamName } from "../contract/stream.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredJob } from "../store/operations/jobs.ts";
import type { VisibleRunbooks } from "../store/operations/runbooks.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import type { Store } from "../store/store.ts";
import { storedFilter } from "./job-filter.ts";

/** One line of a job's attempts. */
export interface JobAttemptResource {
  attempt: number;
  workerId: string;
  workerName: string | null;
  claimedAt: string;
  endedAt: string | null;
  /** How it ended: a job's ended status, `Lost`, or `Declined`; null while it runs. */
  outcome: string | null;
  reason: string | null;
}

export interface JobsQuery extends JobFilter {
  /** The runbooks whose jobs are shown; all when it is left out. */
  visibleTo?: VisibleRunbooks;
  after?: string;
  limit: number;
}

/** The jobs that one job has started. */
export interface ChildrenQuery {
  jobId: string;
  /** The `next` of the page before. */
  after?: string;
  limit: number;
}

export interface RecordsQuery {
  jobId: string;
  stream?: StreamName;
  after?: RecordPosition;
  /** Milliseconds since the epoch. */
  since?: number;
  limit: number;
}

/** UTF-16 units of text in a page of records or jobs, and records in a piece of text. */
export const pageBytes = 1024 * 1024;
const textPieceBytes = 256 * 1024;
const textPieceRecords = 1_000;

/** Reads of jobs and of what they have said. */
export class JobQueries {
  readonly #store: Pick<Store, "read">;
  readonly #resource: (job: StoredJob) => JobResource;

  constructor(store: Pick<Store, "read">, resource: (job: StoredJob) => JobResource) {
    this.#store = store;
    this.#resource = resource;
  }

  /** @throws UserError `job-not-found` (404) */
  async job(jobId: string): Promise<JobResource> {
    const job = await this.#store.read.job({ jobId: knownJobId(jobId) });
    if (job === null) {
      throw jobNotFound(jobId);
    }
    return this.#resource(job);
  }

  /** Those that are there still. */
  async jobsById(jobIds: string[]): Promise<JobResource[]> {
    return (await this.#store.read.jobsById({ jobIds })).map((job) => this.#resource(job));
  }

  /** In the order in which they were started. @throws UserError `invalid-page-key` */
  async children({ jobId, after, limit }: ChildrenQuery): Promise<Page<JobResource>> {
    const found = await this.#store.read.childJobs({
      parentJobId: knownJobId(jobId),
      limit: limit + 1,
      ...(after !== undefined && { after: knownPageKey(after) }),
    });
    const items = found.slice(0, limit).map((job) => this.#resource(job));
    return { items, next: found.length > limit ? (items.at(-1)?.jobId ?? null) : null };
  }

  /** @throws UserError `invalid-page-key`, `invalid-filter` */
  async jobs({ after, limit, visibleTo, ...filter }: JobsQuery): Promise<Page<JobResource>> {
    const page = await this.#store.read.jobs({
      ...storedFilter(filter),
      limit,
      bytes: pageBytes,
      ...(visibleTo !== undefined && { visibleTo }),
      ...(after !== undefined && { after: knownPageKey(after) }),
    });
    return { items: page.items.map((job) => this.#resource(job)), next: page.next };
  }

  /** @throws UserError `job-not-found` (404) */
  async attempts(jobId: string): Promise<Page<JobAttemptResource>> {
    const attempts = await this.#store.read.jobAttempts({ jobId: knownJobId(jobId) });
    if (attempts === null) {
      throw jobNotFound(jobId);
    }
    const items = attempts.map(({ claimedAt, endedAt, ...rest }) => ({
      ...rest,
      claimedAt: isoTime(claimedAt),
      endedAt: isoTimeOrNull(endedAt),
    }));
    return { items, next: null };
  }

  /** @throws UserError `job-not-found` (404) */
  async records(of: RecordsQuery): Promise<Page<JobStreamRecord>> {
    const jobId = knownJobId(of.jobId);
    const { records, more } = await this.#store.read.records({ ...of, jobId, bytes: pageBytes });
    if (records.length === 0) {
      await this.job(jobId);
    }
    return { items: records, next: more ? (records.at(-1)?.id ?? null) : null };
  }

  /** The text of a stream, or of all of them, in pieces. @throws UserError `job-not-found` (404) */
  async *text(of: { jobId: string; stream?: StreamName }): AsyncGenerator<string, void, undefined> {
    const { jobId } = await this.job(of.jobId);
    let after: RecordPosition = { attempt: 0, number: 0 };
    for (let more = true; more; ) {
      const stream = of.stream === undefined ? {} : { stream: of.stream };
      const piece = { jobId, after, limit: textPieceRecords, bytes: textPieceBytes, ...stream };
      const page = await this.#store.read.records(piece);
      more = page.more;
      const last = page.records.at(-1);
      if (last !== undefined) {
        after = { attempt: last.attempt, number: last.number };
        yield page.records.map(({ text, continued }) => (continued === true ? text : `${text}\n`)).join("");
      }
    }
  }
}

/** The id in the form of the store. @throws UserError `job-not-found` (404) when it cannot be one */
export function knownJobId(jobId: string): string {
  const id = jobId.toLowerCase();
  if (!isId(id)) {
    throw jobNotFound(jobId);
  }
  return id;
}

/** @throws UserError `invalid-page-key` */
export function knownPageKey(after: string): string {
  if (!isId(after)) {
    throw new UserError("invalid-page-key", "The key of the page is not one that a page gave.", {
      remedy: "Use `next` of the page before, or leave `after` out.",
    });
  }
  return after;
}

export function jobNotFound(jobId: string): UserError {
  return new UserError("job-not-found", `There is no job ${jobId}.`, {
    status: 404,
    remedy: "List the jobs: `npx runsmith get-job`. Old jobs are purged after their retention.",
  });
}
