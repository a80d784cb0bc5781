import { createHash } from "node:crypto";
import type { JobFilter, JobOutcome } from "../contract/api/job-filter.ts";
import type { Page } from "../contract/api/page.ts";
import type { JobStatus } from "../contract/job-status.ts";
import { endedStatuses, jobStatuses } from "../contract/job-status.ts";
import { UserError } from "../contract/user-error.ts";
import { newId } from "../store/new-id.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { JobToRetry, StoppedJob, StoredJob } from "../store/operations/jobs.ts";
import type { VisibleRunbooks } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";
import type { MayRead } from "./child-versions.ts";
import { storedFilter } from "./job-filter.ts";
import { jobNotFound, knownJobId, knownPageKey, pageBytes } from "./job-queries.ts";
import { isEnded } from "./job-transitions.ts";
import type { SealedParameters } from "./sealed-parameters.ts";
import type { AdmittedRunbook, StartedJob, StartJobRequest } from "./start-job.ts";
import type { JobToStop } from "./stop-job.ts";

/*
 * What is done to many jobs at once: one bounded page a request, newest first, so that the caller sees how far it is, and stops
 * it by asking for no further page. Each job is an operation of its own: what is done stays done, and each has its outcome.
 * Jobs that come while pages are worked are newer than the page, so none of them is met.
 */

/** Which jobs: these, or a page of those that a filter finds. */
export interface JobSelection {
  jobIds?: readonly string[];
  filter?: JobFilter;
  /** The `next` of the page before; with a filter only. */
  after?: string;
  limit: number;
}

/** What whoever asks may do; where it is left out, everything. */
export interface BulkRights {
  visibleTo?: VisibleRunbooks;
  permits(permission: "read" | "operate", runbookId: string): boolean | Promise<boolean>;
  /** What to say of a job that may be read and no more. */
  refusal(jobId: string): string;
}

export interface StopJobsRequest extends JobSelection {
  rights?: BulkRights;
  requestedBy: string;
  force?: boolean;
  /** Only tells what would be done. */
  dryRun?: boolean;
}

/** Who starts the newer job. */
export interface RetryStarter {
  /** Name of the principal. */
  startedBy: string;
  /** Id of the principal. */
  starterId?: string;
  /** As of a start. */
  admit?(runbook: AdmittedRunbook, draft: boolean): void;
  admitCredentials?(names: readonly string[]): Promise<void>;
  mayRead?: MayRead;
  idempotency?: IdempotencyKey | null;
}

export interface RetryJobsRequest extends JobSelection, RetryStarter {
  rights?: BulkRights;
  /** Also those that were retried before. */
  again?: boolean;
  /** Only tells what would be done. */
  dryRun?: boolean;
}

export interface BulkJobsOptions {
  store: Pick<Store, "read">;
  /** Stops one job and acts on what that did. */
  stop(of: JobToStop): Promise<StoppedJob>;
  /** Throws UserErrors as `JobStarter.start` says. */
  start(request: StartJobRequest): Promise<StartedJob>;
  parameters: SealedParameters;
}

/** Jobs that are worked at once. */
const atOnce = 20;

const openStatuses = jobStatuses.filter((status) => !isEnded(status));

/** Stops and retries jobs by filter or by id. */
export class BulkJobs {
  readonly #options: BulkJobsOptions;

  constructor(options: BulkJobsOptions) {
    this.#options = options;
  }

  /**
   * Stops a page of jobs. Without a status the filter is of all open ones that were not told to stop yet (with `force` of those as
   * well); a job that has left the states of the filter meanwhile is let alone.
   * @throws UserError `invalid-filter`, `invalid-page-key`
   */
  async stop(request: StopJobsRequest): Promise<Page<JobOutcome>> {
    const force = request.force ?? false;
    const statuses =
      request.filter?.status ?? (force ? openStatuses : openStatuses.filter((status) => status !== "Stopping"));
    if (request.filter !== undefined && statuses.some(isEnded)) {
      throw new UserError("invalid-filter", "Jobs that have ended cannot be stopped.", {
        remedy: `Name some of ${openStatuses.join(", ")}, or leave the status out.`,
      });
    }
    const { jobs, missing, next } = await this.#selected(request, statuses);
    const outcomes = await inTurn(jobs, async (job) => {
      if ((await request.rights?.permits("operate", job.runbookId)) === false) {
        return outcomeOf(job, "refused", request.rights?.refusal(job.jobId));
      }
      if (request.dryRun === true) {
        return isEnded(job.status) ? outcomeOf(job, "ended") : outcomeOf(job, "would-stop", job.status);
      }
      const { jobId } = job;
      const order = { jobId, requestedBy: request.requestedBy, force };
      const stopped = await this.#options.stop(request.filter === undefined ? order : { ...order, statuses });
      return stopped.outcome === "not-found"
        ? outcomeOf(job, "not-found")
        : outcomeOf(job, stopped.outcome, stopped.outcome === "changed" ? `it is ${stopped.job.status} now` : null);
    });
    return { items: [...outcomes, ...missing], next };
  }

  /**
   * Starts a page of ended jobs again, as new jobs: the current version of the same choice (published or draft), with the same
   * parameters. Without a status the filter is of Failed ones.
   * @throws UserError `invalid-filter`, `invalid-page-key`
   */
  async retry(request: RetryJobsRequest): Promise<Page<JobOutcome>> {
    const statuses = request.filter?.status ?? ["Failed"];
    if (request.filter !== undefined && !statuses.every(isEnded)) {
      throw new UserError("invalid-filter", "Only jobs that have ended can be retried.", {
        remedy: `Name some of ${endedStatuses.join(", ")}, or leave the status out for Failed ones.`,
      });
    }
    const { jobs, missing, next } = await this.#selected(request, statuses);
    // Oldest first, as they were started: the ids are made here, since some are worked at once.
    const retries = jobs.toReversed().map((job) => ({ job, jobId: newId() }));
    const outcomes = await inTurn(retries, ({ job, jobId }) => this.#retryOne(job, jobId, request));
    return { items: [...outcomes.toReversed(), ...missing], next };
  }

  /** Starts one ended job again. @throws UserError `job-not-found` (404), `job-not-ended` (409), and what a start throws */
  async retryJob({ jobId, ...starter }: RetryStarter & { jobId: string }): Promise<StartedJob> {
    const former = await this.#options.store.read.jobToRetry({ jobId: knownJobId(jobId) });
    if (former === null) {
      throw jobNotFound(jobId);
    }
    if (!isEnded(former.status)) {
      throw new UserError("job-not-ended", `The job has not ended: it is ${former.status}.`, {
        status: 409,
        remedy: "Wait for its end, or stop it first.",
      });
    }
    return this.#start(former, starter);
  }

  async #retryOne(job: StoredJob, newJobId: string, request: RetryJobsRequest): Promise<JobOutcome> {
    const { jobId } = job;
    const former = await this.#options.store.read.jobToRetry({ jobId });
    if (former === null) {
      return outcomeOf(job, "not-found");
    }
    if (!isEnded(former.status)) {
      return outcomeOf(job, "not-ended", `it is ${former.status}`);
    }
    const idempotency = request.idempotency ?? null;
    const key = idempotency === null ? null : keyOfOne(idempotency, jobId);
    if (former.retriedAs !== null && request.again !== true) {
      // The newer job may be this very request's, which came before.
      const own = key === null ? null : await this.#options.store.read.jobAcceptedBefore(key);
      return { ...outcomeOf(job, own === null ? "retried-before" : "retried"), newJobId: former.retriedAs };
    }
    if ((await request.rights?.permits("operate", job.runbookId)) === false) {
      return outcomeOf(job, "refused", request.rights?.refusal(jobId));
    }
    if (request.dryRun === true) {
      return outcomeOf(job, "would-retry", job.status);
    }
    try {
      const started = await this.#start(former, { ...starterOf(request), idempotency: key }, newJobId);
      return { ...outcomeOf(job, "retried"), newJobId: started.job.jobId };
    } catch (error) {
      if (error instanceof UserError) {
        return outcomeOf(job, "refused", error.message);
      }
      throw error;
    }
  }

  #start(former: JobToRetry, { admit, ...starter }: RetryStarter, jobId?: string): Promise<StartedJob> {
    return this.#options.start({
      ...(admit !== undefined && { admit: (runbook) => admit(runbook, former.draft) }),
      runbook: former.runbookId,
      draft: former.draft,
      parameters: this.#options.parameters.open(former.jobId, former.parameters, former.secretNames),
      keepSecret: former.secretNames,
      retryOf: former.jobId,
      ...starter,
      ...(jobId !== undefined && { jobId }),
    });
  }

  async #selected(
    { jobIds, filter, after, limit, rights }: JobSelection & { rights?: BulkRights },
    statuses: readonly JobStatus[],
  ): Promise<{ jobs: StoredJob[]; missing: JobOutcome[]; next: string | null }> {
    const { read } = this.#options.store;
    if (filter === undefined) {
      const ids = [...new Set((jobIds ?? []).map((jobId) => jobId.toLowerCase()))];
      const jobs = await readable(await read.jobsById({ jobIds: ids }), rights);
      const found = new Set(jobs.map(({ jobId }) => jobId));
      const missing = ids.filter((jobId) => !found.has(jobId)).map((jobId) => missingJob(jobId));
      return { jobs, missing, next: null };
    }
    const page = await read.jobs({
      ...storedFilter(filter),
      statuses,
      limit,
      bytes: pageBytes,
      ...(rights?.visibleTo !== undefined && { visibleTo: rights.visibleTo }),
      ...(after !== undefined && { after: knownPageKey(after) }),
    });
    return { jobs: page.items, missing: [], next: page.next };
  }
}

async function readable(jobs: StoredJob[], rights: BulkRights | undefined): Promise<StoredJob[]> {
  const seen = await Promise.all(jobs.map(async ({ runbookId }) => rights?.permits("read", runbookId) ?? true));
  return jobs.filter((_, index) => seen[index]);
}

/** Works a page some jobs at once, in order. */
async function inTurn<T, Result>(items: readonly T[], work: (item: T) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}

/** The key under which one job of a repeatable request is started, so that a repetition starts none twice. */
function keyOfOne({ principalId, key, requestHash }: IdempotencyKey, jobId: string): IdempotencyKey {
  const own = createHash("sha256").update(key).digest("base64url");
  return { principalId, key: `retry ${jobId} ${own}`, requestHash };
}

function starterOf({ startedBy, starterId, admit, admitCredentials, mayRead }: RetryStarter): RetryStarter {
  return {
    startedBy,
    ...(starterId !== undefined && { starterId }),
    ...(admit !== undefined && { admit }),
    ...(admitCredentials !== undefined && { admitCredentials }),
    ...(mayRead !== undefined && { mayRead }),
  };
}

function outcomeOf(
  job: StoredJob,
  outcome: JobOutcome["outcome"],
  reason: string | null | undefined = null,
): JobOutcome {
  return { jobId: job.jobId, runbookName: job.runbookName, outcome, reason: reason ?? null, newJobId: null };
}

function missingJob(jobId: string): JobOutcome {
  return { jobId, runbookName: null, outcome: "not-found", reason: null, newJobId: null };
}
