import type { Principal } from "../access/principal.ts";
import type { DispatchHoldResource } from "../contract/api/dispatch.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { JobOutcome } from "../contract/api/job-filter.ts";
import type { Page } from "../contract/api/page.ts";
import type { RunbookAnswer, RunbookRequest } from "../contract/child-runbook.ts";
import type { Logger } from "../contract/logger.ts";
import type { JobStreamRecord, StreamName } from "../contract/stream.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Interest } from "../services/change-feed.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { StoredDispatchHold } from "../store/operations/dispatch.ts";
import type { AssignedAttempt, QueueKey } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import type { AssetSource } from "./asset-source.ts";
import type { RetryJobsRequest, RetryStarter, StopJobsRequest } from "./bulk-jobs.ts";
import type { ChildVersions, MayRead, MayRun } from "./child-versions.ts";
import type { HoldRequest, HoldSubject } from "./dispatch-holds.ts";
import type { FeedEvent } from "./job-feed.ts";
import type { JobObserver } from "./job-observer.ts";
import type { ChildrenQuery, JobAttemptResource, JobsQuery, RecordsQuery } from "./job-queries.ts";
import type { RestartRequest } from "./job-restarts.ts";
import type { JobWaits } from "./job-waits.ts";
import type { FeedTopic } from "./live-feeds.ts";
import type { RetentionSettings } from "./retention.ts";
import type { RunbookRequestAnswerer } from "./runbook-requests.ts";
import type { CheckedStart, StartedJob, StartJobRequest } from "./start-job.ts";

/*
 * Jobs: from a request to a truthful end.
 *
 *   create-jobs-feature what the feature is built of, and how that is wired
 *
 *   start-job           checks a request and accepts it               (one transaction)
 *   dispatcher          brings waiting jobs and free slots together   (one statement a claim)
 *   dispatch-view       which queues a worker is shown: placements, holds, workers of other services
 *   dispatch-holds      operators' switches
 *   hand-over           gives claimed jobs to their workers, puts declined ones back
 *   worker-reports      what workers tell, to those whom it concerns; attempt-orders: what they are told of their attempts
 *   asset-broker        assets for running jobs; given-secrets remembers what later attempts have to mask
 *   child-versions      which versions of other runbooks a job runs inside itself
 *   runbook-broker      other runbooks and jobs for running jobs; attempt-waits lets them wait for one, waits-in-circle refuses to
 *   record-intake       records and ends: to live readers at once, to the store by groups, then acknowledged
 *   live-hub, job-feed  what a live reader gets; live-feeds opens that
 *   job-queries         what anybody else reads
 *   stop-job            stops a job, and with it the ones that it started
 *   bulk-jobs           stops and retries of many jobs, a page at a time
 *   job-restarts        ended jobs started again behind the steps that they have done
 *   changes-elsewhere   what other services over the same database did: told to readers, workers and the dispatcher here
 *   records-elsewhere   records that came to other services, read for readers here
 *   orphaned-attempts   what was claimed, and nobody has: put back
 *   job-duties          start deadlines, attempts that do not end, parked jobs, retention
 *   storage-watermark   what is refused when the disk fills up
 *
 * What an operation of the store did to other jobs comes back as its effects; `apply-effects` is the one place that acts on them.
 * After a restart everything goes on from the database: workers connect again and say what they run.
 */

export interface JobsOptions {
  store: Pick<Store, "read" | "write" | "keepsOrder" | "isShared">;
  workers: WorkersFeature;
  logger: Logger;
  clock?: Clock;
  retention?: Partial<RetentionSettings>;
  /** Where free storage is watched; nothing is watched when it is null or left out. */
  storageFolder?: string | null;
  /** Instead of asking the disk of `storageFolder`. */
  freeBytes?: () => Promise<number | null>;
  /** Bytes; below this no further job is accepted. */
  lowStorage?: number;
  /** Milliseconds after its grace or its time limit in which an attempt has to end; then it is given up. */
  stuckPatience?: number;
  /** Milliseconds from a claim, and between two looks, after which an attempt that nobody has is put back. */
  orphanPatience?: number;
  /** Milliseconds between two purges of old jobs. */
  purgeInterval?: number;
  /** Whether this service does what one of several should do; it always does when left out. */
  leadership?: Leadership;
  /** This service wants to know at once what others do; see `interest`. */
  onInterest?: () => void;
  /** Where running jobs have their assets from, and what seals the secrets that they were given; none when left out. */
  assets?: { source: AssetSource; sealer: Sealer };
  /** Whose rights decide what a job may use; null for all, as when left out. */
  runAsOf?: (jobId: string) => Promise<Principal | null>;
  /** Which runbooks a job may run inside itself; all when left out. */
  mayRunOf?: (jobId: string) => Promise<MayRun>;
  /** Told of things worth counting. */
  observer?: JobObserver;
}

export interface JobsFeature {
  /** Throws UserErrors as `JobStarter.start` says. */
  startJob(request: StartJobRequest): Promise<StartedJob>;
  /** Throws UserErrors as `JobStarter.check` says. */
  checkStart(request: Pick<StartJobRequest, "runbook" | "parameters">): Promise<CheckedStart>;
  /**
   * Starts a job and follows it from its acceptance to its end; the feed ends there, or when `signal` is aborted.
   * What was started before under its key is followed from its beginning. Throws as `startJob` does.
   */
  startAndFollow(
    request: StartJobRequest,
    signal: AbortSignal,
  ): Promise<StartedJob & { feed: AsyncGenerator<FeedEvent[], void, undefined> }>;
  /** @throws UserError `job-not-found` (404), `job-ended` (409) */
  stopJob(of: { jobId: string; requestedBy: string; force?: boolean }): Promise<JobResource>;
  /** Stops a page of jobs. Throws UserErrors as `BulkJobs.stop` says. */
  stopJobs(request: StopJobsRequest): Promise<Page<JobOutcome>>;
  /** Starts an ended job again. Throws UserErrors as `BulkJobs.retryJob` says. */
  retryJob(of: RetryStarter & { jobId: string }): Promise<StartedJob>;
  /** Starts an ended job again behind what it has done. Throws UserErrors as `JobRestarts.restart` says. */
  restartJob(of: RestartRequest): Promise<StartedJob>;
  /** Starts a page of ended jobs again. Throws UserErrors as `BulkJobs.retry` says. */
  retryJobs(request: RetryJobsRequest): Promise<Page<JobOutcome>>;
  /** What jobs have done, what they wait for, and what is done about that. */
  readonly waits: JobWaits;
  /** The versions of other runbooks that jobs run inside themselves. */
  readonly children: ChildVersions;
  /** The jobs that a job has started, in their order. @throws UserError `invalid-page-key` */
  listChildren(of: ChildrenQuery): Promise<Page<JobResource>>;
  /** Which runbooks a job may run inside itself. */
  mayRunOf(jobId: string): Promise<MayRun>;
  /** What answers running jobs that have to do with other runbooks and jobs. */
  answerRunbookRequests(broker: RunbookRequestAnswerer): void;
  /**
   * Follows a job for a running one that waits for it: until it has ended or said something, or for as long as the request says.
   * Meanwhile the slot of the one that waits is free for others, and the one that is waited for goes before others.
   * @throws UserError `job-not-found` (404), `waits-for-own-place` (409)
   */
  followFor(
    waiting: AssignedAttempt,
    of: Extract<RunbookRequest, { action: "follow-job" }>,
    mayRead: MayRead,
  ): Promise<Extract<RunbookAnswer, { next: string | null }>>;
  /** @throws UserError `job-not-found` (404) */
  getJob(jobId: string): Promise<JobResource>;
  /** Newest first. @throws UserError `invalid-page-key`, `invalid-filter` */
  listJobs(of: JobsQuery): Promise<Page<JobResource>>;
  /** @throws UserError `job-not-found` (404) */
  listAttempts(jobId: string): Promise<Page<JobAttemptResource>>;
  /** In order. @throws UserError `job-not-found` (404) */
  listRecords(of: RecordsQuery): Promise<Page<JobStreamRecord>>;
  /** The text of a stream as a file, in pieces; all streams when none is named. @throws UserError `job-not-found` (404) */
  readText(of: { jobId: string; stream?: StreamName }): AsyncGenerator<string, void, undefined>;
  /**
   * Live events of topics, in portions that came together. Ends when `signal` is aborted; a reader that waits for more
   * can be ended only so.
   * @throws UserError `job-not-found` (404), by the first `next()`
   */
  openFeed(of: { topics: FeedTopic[]; signal: AbortSignal }): AsyncGenerator<FeedEvent[], void, undefined>;
  /** A runbook has changed: nothing that is remembered of it may be used. */
  forgetRunbook(runbookId: string): void;
  /** A runbook's concurrency rule has changed: jobs that it held may go on. */
  releaseParkedJobs(runbookId: string): Promise<void>;
  /** Holds dispatch. Throws UserErrors as `DispatchHolds.hold` says. */
  holdDispatch(of: HoldRequest): Promise<DispatchHoldResource>;
  /** Ends a hold. Throws UserErrors as `DispatchHolds.release` says. */
  releaseDispatch(of: HoldSubject): Promise<DispatchHoldResource>;
  listDispatchHolds(
    isVisible?: (held: StoredDispatchHold) => boolean | Promise<boolean>,
  ): Promise<DispatchHoldResource[]>;
  /** Jobs waiting, by queue. */
  queueLengths(): Promise<(QueueKey & { runOn: string[]; jobs: number })[]>;
  /** Attempts that workers of this service have. */
  readonly runningAttempts: number;
  /** How much this service wants to know of what others do to jobs. */
  readonly interest: Interest;
  /** Acts on what other services over the same database did to jobs, in the order of the changes. */
  changedElsewhere(jobs: readonly ChangedJob[]): void;
  /** Purges what has been kept long enough, now. */
  purge(): Promise<number>;

  start(): void;
  /** Stops handing out jobs and doing duties, and waits until what has come in is stored, some seconds at most. Call it before `workers.stop`. */
  stop(): Promise<void>;
}
