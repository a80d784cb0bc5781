import type { Principal } from "../access/principal.ts";
import type { DispatchHoldResource } from "../contract/api/dispatch.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { JobOutcome } from "../contract/api/job-filter.ts";
import type { Page } from "../contract/api/page.ts";
import { highestPriority } from "../contract/api/placement.ts";
import type { RunbookAnswer, RunbookRequest } from "../contract/child-runbook.ts";
import { deepestCalls, longestFollow } from "../contract/child-runbook.ts";
import type { JobStatus } from "../contract/job-status.ts";
import type {
  AssetRequestFrame,
  JobDeclinedFrame,
  RunbookRequestFrame,
  ScriptNeededFrame,
} from "../contract/link/control-frames.ts";
import { journalProtocolVersion } from "../contract/link/control-frames.ts";
import type { AppendFrame } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { JobStreamRecord, StreamName } from "../contract/stream.ts";
import { UserError } from "../contract/user-error.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Interest } from "../services/change-feed.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { soleLeader } from "../services/duty-leader.ts";
import { newId } from "../store/new-id.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { StoredDispatchHold } from "../store/operations/dispatch.ts";
import type {
  AssignedAttempt,
  JobEffects,
  QueueKey,
  StopOrder,
  StoppedJob,
  StoredJob,
} from "../store/operations/jobs.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import type { KeptAttempt } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import { systemClock } from "../workers/clock.ts";
import type { ConnectedWorker, JobLinkHandler, RecordsPeer } from "../workers/connected-worker.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import { AssetBroker } from "./asset-broker.ts";
import type { AssetSource } from "./asset-source.ts";
import { BoundChildren } from "./bound-children.ts";
import type { BulkJobsOptions, RetryJobsRequest, RetryStarter, StopJobsRequest } from "./bulk-jobs.ts";
import { BulkJobs } from "./bulk-jobs.ts";
import { ChangesElsewhere } from "./changes-elsewhere.ts";
import type { MayRead, MayRun } from "./child-versions.ts";
import { ChildVersions } from "./child-versions.ts";
import type { HoldRequest, HoldSubject } from "./dispatch-holds.ts";
import { DispatchHolds } from "./dispatch-holds.ts";
import { DispatchView } from "./dispatch-view.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Duty } from "./duty.ts";
import { followJob } from "./follow-job.ts";
import { GivenSecrets } from "./given-secrets.ts";
import { HandOver } from "./hand-over.ts";
import { JobChanges } from "./job-changes.ts";
import { jobDuties } from "./job-duties.ts";
import type { FeedEvent, JobFeedSource } from "./job-feed.ts";
import { allJobsFeed, jobFeed, mergedFeed, NewJobFollower, untilEnded } from "./job-feed.ts";
import { JobJournal } from "./job-journal.ts";
import type { ChildrenQuery, JobAttemptResource, JobsQuery, RecordsQuery } from "./job-queries.ts";
import { JobQueries, jobNotFound, knownJobId } from "./job-queries.ts";
import { jobResource } from "./job-resource.ts";
import type { RestartRequest } from "./job-restarts.ts";
import { JobRestarts } from "./job-restarts.ts";
import { isEnded } from "./job-transitions.ts";
import { JobWaits } from "./job-waits.ts";
import { LiveHub } from "./live-hub.ts";
import { OrphanedAttempts } from "./orphaned-attempts.ts";
import { RecordIntake } from "./record-intake.ts";
import type { RetentionSettings } from "./retention.ts";
import { defaultRetention, purgeEndedJobs } from "./retention.ts";
import { RunnableVersions } from "./runnable-versions.ts";
import { RunningAttempts } from "./running-attempts.ts";
import { SealedParameters } from "./sealed-parameters.ts";
import type { CheckedStart, StartedJob, StartJobRequest } from "./start-job.ts";
import { JobStarter } from "./start-job.ts";
import { StartableRunbooks } from "./startable-runbooks.ts";
import { defaultLowStorage, freeBytesOf, StorageWatermark } from "./storage-watermark.ts";
import { parkedReason, waitingReason } from "./waiting-reason.ts";
import { refuseWaitInCircle } from "./waits-in-circle.ts";

/*
 * Jobs: from a request to a truthful end.
 *
 *   start-job           checks a request and accepts it               (one transaction)
 *   dispatcher          brings waiting jobs and free slots together   (one statement a claim)
 *   dispatch-view       which queues a worker is shown: placements, holds, workers of other services
 *   dispatch-holds      operators' switches
 *   hand-over           gives claimed jobs to their workers, puts declined ones back
 *   asset-broker        assets for running jobs; given-secrets remembers what later attempts have to mask
 *   child-versions      which versions of other runbooks a job runs inside itself
 *   runbook-broker      other runbooks and jobs for running jobs; follow-job waits for one, waits-in-circle refuses to
 *   record-intake       records and ends: to live readers at once, to the store by groups, then acknowledged
 *   live-hub, job-feed  what a live reader gets
 *   job-queries         what anybody else reads
 *   bulk-jobs           stops and retries of many jobs, a page at a time
 *   job-restarts        ended jobs started again behind the steps that they have done
 *   changes-elsewhere   what other services over the same database did: told to readers, workers and the dispatcher here
 *   records-elsewhere   records that came to other services, read for readers here
 *   orphaned-attempts   what was claimed, and nobody has: put back
 *   job-duties          start deadlines, attempts that do not end, parked jobs, retention
 *   storage-watermark   what is refused when the disk fills up
 *
 * What an operation of the store did to other jobs comes back as its effects; `#apply` is the one place that acts on them.
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

/** Answers running jobs that have to do with other runbooks and jobs; never rejects. */
export interface RunbookRequestAnswerer {
  answer(attempt: AssignedAttempt, request: RunbookRequest): Promise<RunbookAnswer>;
}

/** For metrics; each call is cheap and synchronous. */
export interface JobObserver {
  jobAccepted?(): void;
  jobEnded?(status: JobStatus): void;
  recordsStored?(count: number): void;
  /** The first record of a job's first attempt has come, this many milliseconds after the job's id was made. */
  firstRecord?(latency: number): void;
}

/** `after` is where a reader of the job's records is; at their beginning when left out. */
export type FeedTopic = { type: "job"; jobId: string; after?: RecordPosition } | { type: "jobs" };

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
   * @throws UserError `job-not-found` (404)
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

const defaultStuckPatience = 30_000;
const defaultOrphanPatience = 5_000;
const defaultPurgeInterval = 60_000;

export function createJobsFeature(options: JobsOptions): JobsFeature {
  return new Jobs(options);
}

class Jobs implements JobsFeature, JobLinkHandler {
  readonly waits: JobWaits;
  readonly children: ChildVersions;
  readonly #store: JobsOptions["store"];
  readonly #workers: WorkersFeature;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #observer: JobObserver;
  readonly #retention: RetentionSettings;
  readonly #attempts: RunningAttempts;
  readonly #hub: LiveHub;
  readonly #versions: RunnableVersions;
  readonly #runbooks: StartableRunbooks;
  readonly #queries: JobQueries;
  readonly #starter: JobStarter;
  readonly #bulk: BulkJobs;
  readonly #restarts: JobRestarts;
  readonly #view: DispatchView;
  readonly #holds: DispatchHolds;
  readonly #dispatcher: Dispatcher;
  readonly #handOver: HandOver;
  readonly #broker: AssetBroker;
  readonly #mayRunOf: (jobId: string) => Promise<MayRun>;
  #runbookBroker: RunbookRequestAnswerer | null = null;
  readonly #journal: JobJournal | null;
  readonly #intake: RecordIntake;
  readonly #changes: JobChanges;
  readonly #storage: StorageWatermark;
  readonly #elsewhere: ChangesElsewhere;
  readonly #boundChildren: BoundChildren;
  readonly #duties: Duty[];

  constructor(options: JobsOptions) {
    const { store, workers, logger } = options;
    this.#store = store;
    this.#workers = workers;
    this.#logger = logger;
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer ?? {};
    this.#attempts = new RunningAttempts(this.#clock);
    this.#hub = new LiveHub(options.onInterest);
    this.#retention = { ...defaultRetention, ...options.retention };
    this.#versions = new RunnableVersions(store);
    this.#runbooks = new StartableRunbooks(store);
    this.children = new ChildVersions(store, this.#versions);
    this.#mayRunOf = options.mayRunOf ?? (async () => () => true);
    const storageFolder = options.storageFolder ?? null;
    this.#storage = new StorageWatermark({
      logger,
      low: options.lowStorage ?? defaultLowStorage,
      freeBytes: options.freeBytes ?? (async () => (storageFolder === null ? null : freeBytesOf(storageFolder))),
    });
    this.#queries = new JobQueries(store, (job) => this.#resource(job));
    const parameters = new SealedParameters(options.assets?.sealer ?? null);
    this.#starter = new JobStarter({
      store,
      parameters,
      runbooks: this.#runbooks,
      versions: this.#versions,
      children: this.children,
      refuseWhenStorageIsLow: () => this.#storage.refuseWhenLow(),
      // Where writes keep their order, the claim is asked for together with the acceptance, and both are in one commit.
      expectJob: (queue) => store.keepsOrder && this.#dispatcher.wake(queue),
      accepted: (job, effects, expected) => this.#accepted(job, effects, expected),
      refused: (effects) => this.#apply(effects),
    });
    this.#bulk = new BulkJobs({
      store,
      stop: (of) => this.#stop(of),
      start: (request) => this.#starter.start(request),
      parameters,
    });
    this.#view = new DispatchView(
      () => workers.allConnected(),
      () => this.#clock.monotonic(),
    );
    this.#holds = new DispatchHolds({
      store,
      logger,
      onEffects: (effects) => this.#apply(effects),
      onChange: () => this.#dispatcher.look(),
    });
    this.#dispatcher = new Dispatcher({
      store,
      workers,
      attempts: this.#attempts,
      view: this.#view,
      logger,
      onEffects: (effects) => this.#apply(effects),
      handOver: (job) => {
        this.#changes.note([job.jobId]);
        this.#handOver.handOver(job);
      },
    });
    this.#journal = options.assets === undefined ? null : new JobJournal(store, options.assets.sealer);
    const given = options.assets === undefined ? null : new GivenSecrets(store, options.assets.sealer);
    this.#restarts = new JobRestarts({
      store,
      versions: this.#versions,
      parameters,
      journal: this.#journal,
      given,
      start: (request) => this.#starter.start(request),
    });
    this.waits = new JobWaits({
      store,
      journal: this.#journal,
      resource: (job) => this.#resource(job),
      onEffects: (effects) => this.#apply(effects),
      onSuspend: (attempt) => this.#tellSuspend(attempt),
    });
    this.#intake = new RecordIntake({
      store,
      journal: this.#journal,
      hub: this.#hub,
      attempts: this.#attempts,
      logger,
      clock: this.#clock,
      isStorageCritical: () => this.#storage.isCritical,
      onEffects: (effects) => this.#apply(effects),
      onRecords: (count) => this.#observer.recordsStored?.(count),
      onFirstRecord: (jobId) => this.#observer.firstRecord?.(Math.max(0, this.#clock.now() - timeOfId(jobId))),
    });
    this.#changes = new JobChanges(this.#hub, (jobIds) => this.#queries.jobsById(jobIds), logger);
    const { assets = null } = options;
    this.#broker = new AssetBroker({
      source: assets?.source ?? null,
      given,
      attempts: this.#attempts,
      runAsOf: options.runAsOf ?? (async () => null),
      logger,
    });
    this.#handOver = new HandOver({
      store,
      versions: this.#versions,
      attempts: this.#attempts,
      parameters,
      given,
      journal: this.#journal,
      children: this.children,
      mayRunOf: this.#mayRunOf,
      clock: this.#clock,
      logger,
      connected: (workerId) => workers.connected(workerId),
      onEffects: (effects) => this.#apply(effects),
    });
    this.#elsewhere = new ChangesElsewhere({
      store,
      hub: this.#hub,
      attempts: this.#attempts,
      logger,
      bringsRecords: (workerId) => workers.bringsRecords(workerId),
      isHere: (workerId) => workers.connected(workerId) !== undefined,
      onOver: (effects) => this.#giveUp(effects),
      onStop: (attempt, stop) => this.#tellStop(attempt, stop),
      onSuspend: (attempt) => this.#tellSuspend(attempt),
      onWaiting: (queues) => this.#dispatcher.waiting(queues),
      onChanged: (jobIds) => this.#changes.note(jobIds),
      onEnded: (jobIds) => this.#changes.noteEnds(jobIds),
    });
    const orphanPatience = options.orphanPatience ?? defaultOrphanPatience;
    this.#boundChildren = new BoundChildren({
      store,
      clock: this.#clock,
      logger,
      leadership: options.leadership ?? soleLeader,
      stop: async (jobId, force) => {
        await this.#stop({ jobId, requestedBy: "the job that started it", force });
      },
    });
    this.#duties = jobDuties({
      store,
      clock: this.#clock,
      logger,
      retention: this.#retention,
      attempts: this.#attempts,
      leadership: options.leadership ?? soleLeader,
      isHere: (workerId) => workers.connected(workerId) !== undefined,
      given,
      stuckPatience: options.stuckPatience ?? defaultStuckPatience,
      orphans: new OrphanedAttempts({
        store,
        attempts: this.#attempts,
        claims: this.#dispatcher.claims,
        logger,
        allConnected: () => workers.allConnected(),
        patience: orphanPatience,
        putBack: (attempt, reason) => this.#handOver.putBack(attempt, reason),
      }),
      orphanInterval: orphanPatience,
      purgeInterval: options.purgeInterval ?? defaultPurgeInterval,
      boundChildren: this.#boundChildren,
      onEffects: (effects) => this.#apply(effects),
      onGivenUp: (effects) => this.#giveUp(effects),
    });
    workers.attachJobs(this);
  }

  // --- what people ask for

  startJob(request: StartJobRequest): Promise<StartedJob> {
    return this.#starter.start(request);
  }

  checkStart(request: Pick<StartJobRequest, "runbook" | "parameters">): Promise<CheckedStart> {
    return this.#starter.check(request);
  }

  async startAndFollow(
    request: StartJobRequest,
    signal: AbortSignal,
  ): Promise<StartedJob & { feed: AsyncGenerator<FeedEvent[], void, undefined> }> {
    const source = this.#feedSource();
    const jobId = newId();
    const follower = new NewJobFollower(source, jobId);
    let started: StartedJob;
    try {
      started = await this.#starter.start({ ...request, jobId });
    } catch (error) {
      follower.close();
      throw error;
    }
    // What was told of a job that was accepted before, be it by this very request, may have passed the follower by.
    if (started.job.jobId === jobId && !started.repeated) {
      return { ...started, feed: untilEnded(follower.feed(signal)) };
    }
    follower.close();
    return { ...started, feed: untilEnded(jobFeed(source, started.job.jobId, { signal })) };
  }

  async stopJob(of: { jobId: string; requestedBy: string; force?: boolean }): Promise<JobResource> {
    const jobId = knownJobId(of.jobId);
    const result = await this.#stop({ jobId, requestedBy: of.requestedBy, force: of.force ?? false });
    if (result.outcome === "not-found") {
      throw jobNotFound(jobId);
    }
    const job = this.#resource(result.job);
    if (result.outcome === "ended") {
      throw new UserError("job-ended", `The job has ended already, as ${job.status}.`, {
        status: 409,
        remedy: "There is nothing left to stop; its output and its result can be read.",
      });
    }
    return job;
  }

  stopJobs(request: StopJobsRequest): Promise<Page<JobOutcome>> {
    return this.#bulk.stop(request);
  }

  retryJob(of: RetryStarter & { jobId: string }): Promise<StartedJob> {
    return this.#bulk.retryJob(of);
  }

  restartJob(of: RestartRequest): Promise<StartedJob> {
    return this.#restarts.restart(of);
  }

  retryJobs(request: RetryJobsRequest): Promise<Page<JobOutcome>> {
    return this.#bulk.retry(request);
  }

  getJob(jobId: string): Promise<JobResource> {
    return this.#queries.job(jobId);
  }

  listChildren(of: ChildrenQuery): Promise<Page<JobResource>> {
    return this.#queries.children(of);
  }

  mayRunOf(jobId: string): Promise<MayRun> {
    return this.#mayRunOf(jobId);
  }

  answerRunbookRequests(broker: RunbookRequestAnswerer): void {
    this.#runbookBroker = broker;
  }

  async followFor(
    waiting: AssignedAttempt,
    { jobId, after, patience }: Extract<RunbookRequest, { action: "follow-job" }>,
    mayRead: MayRead,
  ): Promise<Extract<RunbookAnswer, { next: string | null }>> {
    const job = await this.#queries.job(jobId);
    if (isEnded(job.status)) {
      return followJob(this.#feedSource(), job, after, patience);
    }
    if (job.status === "New" && job.priority <= ((await this.#store.read.job(waiting))?.priority ?? 0)) {
      const ancestors = await this.#store.read.jobAncestors({ jobId: job.jobId, limit: deepestCalls });
      // Other people's jobs go when it is their turn, whoever waits for them.
      if (ancestors.some((ancestor) => ancestor.jobId === waiting.jobId)) {
        // Before the slot is free: else what nobody waits for would have it.
        await this.#store.write.hurryJob({ jobId: job.jobId, waitingJobId: waiting.jobId, highest: highestPriority });
      }
    }
    const isEndless = patience >= longestFollow;
    if (isEndless) {
      const followed = await this.#store.read.job({ jobId: job.jobId });
      await refuseWaitInCircle(this.#store, this.#attempts, { waiting, followed, mayRead });
    }
    const endWait = this.#attempts.beginWait(waiting, isEndless ? job.jobId : null);
    this.#dispatcher.slotsFreed(waiting.workerId);
    try {
      return await followJob(this.#feedSource(), job, after, patience);
    } finally {
      endWait();
    }
  }

  listJobs(of: JobsQuery): Promise<Page<JobResource>> {
    return this.#queries.jobs(of);
  }

  listAttempts(jobId: string): Promise<Page<JobAttemptResource>> {
    return this.#queries.attempts(jobId);
  }

  listRecords(of: RecordsQuery): Promise<Page<JobStreamRecord>> {
    return this.#queries.records(of);
  }

  readText(of: { jobId: string; stream?: StreamName }): AsyncGenerator<string, void, undefined> {
    return this.#queries.text(of);
  }

  openFeed(of: { topics: FeedTopic[]; signal: AbortSignal }): AsyncGenerator<FeedEvent[], void, undefined> {
    const source = this.#feedSource();
    const open = (signal: AbortSignal) =>
      of.topics.map((topic) =>
        topic.type === "jobs"
          ? allJobsFeed(this.#hub, signal)
          : jobFeed(source, topic.jobId, topic.after === undefined ? { signal } : { signal, after: topic.after }),
      );
    return mergedFeed(open, of.signal);
  }

  #feedSource(): JobFeedSource {
    return {
      hub: this.#hub,
      readJob: (jobId) => this.#queries.job(jobId),
      readRecords: (page) => this.#store.read.records(page),
    };
  }

  forgetRunbook(runbookId: string): void {
    this.#runbooks.forget(runbookId);
  }

  releaseParkedJobs(runbookId: string): Promise<void> {
    return this.#holds.releaseParkedJobs(runbookId);
  }

  holdDispatch(of: HoldRequest): Promise<DispatchHoldResource> {
    return this.#holds.hold(of);
  }

  releaseDispatch(of: HoldSubject): Promise<DispatchHoldResource> {
    return this.#holds.release(of);
  }

  listDispatchHolds(
    isVisible?: (held: StoredDispatchHold) => boolean | Promise<boolean>,
  ): Promise<DispatchHoldResource[]> {
    return this.#holds.list(isVisible);
  }

  queueLengths(): Promise<(QueueKey & { runOn: string[]; jobs: number })[]> {
    return this.#store.read.queueLengths();
  }

  get runningAttempts(): number {
    return this.#workers.allConnected().reduce((sum, { workerId }) => sum + this.#attempts.countOf(workerId), 0);
  }

  get interest(): Interest {
    return this.#elsewhere.interest(this.#workers.allConnected().length > 0);
  }

  changedElsewhere(jobs: readonly ChangedJob[]): void {
    this.#elsewhere.take(jobs);
  }

  purge(): Promise<number> {
    return purgeEndedJobs(this.#store, this.#retention, this.#clock);
  }

  start(): void {
    this.#storage.start();
    this.#dispatcher.start();
    for (const duty of this.#duties) {
      duty.start();
    }
  }

  async stop(): Promise<void> {
    await this.#dispatcher.stop();
    await this.#handOver.allSent();
    this.#holds.stop();
    this.#storage.stop();
    await this.#elsewhere.stop();
    await Promise.all(this.#duties.map((duty) => duty.stop()));
    await this.#intake.stop();
  }

  // --- what workers tell

  workerConnected(worker: ConnectedWorker, keep: KeptAttempt[], effects: JobEffects): void {
    // It may have been at another service since, and the ends of others be known there only.
    this.#attempts.keepOnly(worker.workerId, keep);
    for (const { stopReason, stopForced, ...kept } of keep) {
      const attempt = { ...kept, workerId: worker.workerId };
      this.#attempts.add(attempt, false);
      if (stopReason !== null) {
        this.#tellStop(attempt, { reason: stopReason, force: stopForced });
      }
    }
    this.#apply(effects);
    this.#dispatcher.workerConnected(worker);
  }

  workerDisconnected(worker: ConnectedWorker): void {
    this.#dispatcher.forget(worker.workerId);
  }

  workerChanged(worker: ConnectedWorker): void {
    this.#dispatcher.resume(worker.workerId);
  }

  workerTermsChanged(worker: ConnectedWorker): void {
    this.#dispatcher.workerConnected(worker);
  }

  jobDeclined(worker: ConnectedWorker, frame: JobDeclinedFrame): void {
    this.#logger.warn("a worker declined a job", {
      jobId: frame.jobId,
      worker: worker.name,
      reason: frame.reason,
    });
    this.#dispatcher.pause(worker.workerId);
    const { jobId, attempt, reason } = frame;
    this.#handOver.putBack({ jobId, attempt, workerId: worker.workerId }, `declined: ${reason}`);
  }

  scriptNeeded(worker: ConnectedWorker, frame: ScriptNeededFrame): void {
    this.#handOver.sendScript(worker, frame).catch((error: unknown) => {
      this.#logger.error("a script could not be sent", { jobId: frame.jobId, error: String(error) });
    });
  }

  assetRequested(worker: ConnectedWorker, frame: AssetRequestFrame): void {
    this.#broker.answer(worker, frame).catch((error: unknown) => {
      this.#logger.error("a request for an asset could not be answered", { jobId: frame.jobId, error: String(error) });
    });
  }

  runbookRequested(worker: ConnectedWorker, { requestId, jobId, attempt, request }: RunbookRequestFrame): void {
    const assigned = { jobId, attempt, workerId: worker.workerId };
    if (this.#runbookBroker === null || this.#attempts.current(assigned) === undefined) {
      return;
    }
    void this.#runbookBroker.answer(assigned, request).then((answer) => {
      if (this.#attempts.current(assigned) !== undefined) {
        worker.send({ type: "runbook-answer", requestId, answer });
      }
    });
  }

  recordsReceived(peer: RecordsPeer, frame: AppendFrame, bytes: number): void {
    const { freed } = this.#intake.received(peer, frame, bytes);
    if (freed !== null) {
      this.#dispatcher.slotsFreed(freed);
    }
  }

  attemptsLost(effects: JobEffects): void {
    this.#giveUp(effects);
  }

  // --- what follows

  async #stop(of: Parameters<BulkJobsOptions["stop"]>[0]): Promise<StoppedJob> {
    const result = await this.#store.write.stopJob(of);
    if (result.outcome === "stopped" || result.outcome === "stopping") {
      this.#applyWithoutChildren(result.effects);
      // Now, though its script may run on for a while; and with the same force.
      await this.#boundChildren.stopOf([of.jobId], of.force);
    }
    return result;
  }

  #accepted(job: StoredJob, effects: JobEffects, expected: QueueKey): void {
    this.#observer.jobAccepted?.();
    // It is at hand: whoever follows it need not wait for it to be read.
    if (effects.changedJobs.includes(job.jobId) && this.#hub.hasReaders(job.jobId)) {
      const waits = this.#dispatcher.hasBacklog(expected);
      this.#hub.job(waits ? this.#resource(job) : jobResource(job, parkedReason));
    }
    const others = effects.changedJobs.filter((jobId) => jobId !== job.jobId);
    // The claim for the job itself was asked for together with its acceptance, where that makes sense.
    const own = this.#store.keepsOrder
      ? effects.queued.findLastIndex(({ placementId }) => placementId === expected.placementId)
      : -1;
    const queued = own < 0 ? effects.queued : effects.queued.toSpliced(own, 1);
    this.#apply({ ...effects, changedJobs: others, queued });
  }

  #apply(effects: JobEffects): void {
    this.#applyWithoutChildren(effects);
    this.#boundChildren.noteEnds(effects.ended);
  }

  #applyWithoutChildren(effects: JobEffects): void {
    const freed = new Set<string>();
    for (const { jobId, attempt, workerId } of effects.overAttempts) {
      if (this.#attempts.remove(jobId, attempt)) {
        freed.add(workerId);
      }
    }
    for (const { reason, force, ...attempt } of effects.stops) {
      this.#tellStop(attempt, { reason, force });
    }
    for (const { status } of effects.ended) {
      this.#observer.jobEnded?.(status);
    }
    const ended = new Set(effects.ended.map(({ jobId }) => jobId));
    this.#readLastRecords(ended);
    for (const { job } of effects.ended) {
      if (job !== undefined) {
        this.#changes.tellEnd(this.#resource(job));
      }
    }
    this.#changes.noteEnds(effects.ended.filter(({ job }) => job === undefined).map(({ jobId }) => jobId));
    this.#changes.note(effects.changedJobs.filter((jobId) => !ended.has(jobId)));
    for (const queue of effects.queued) {
      this.#dispatcher.wake(queue);
    }
    for (const workerId of freed) {
      this.#dispatcher.slotsFreed(workerId);
    }
  }

  /** Of jobs that this service ended, and whose last records came to another one: they are told before the end. */
  #readLastRecords(ended: ReadonlySet<string>): void {
    if (this.#store.isShared) {
      for (const jobId of ended) {
        this.#hub.storedUnseen(jobId);
      }
    }
  }

  /** Tells the worker of an attempt to end it; what another service has to tell is read there. */
  #tellStop({ jobId, attempt, workerId }: AssignedAttempt, { reason, force }: StopOrder): void {
    this.#attempts.noteStop({ jobId, attempt, workerId }, { reason, force });
    this.#workers.connected(workerId)?.send({ type: "stop-job", jobId, attempt, reason, force });
  }

  #tellSuspend({ jobId, attempt, workerId }: AssignedAttempt): void {
    const worker = this.#workers.connected(workerId);
    if (worker !== undefined && worker.protocol >= journalProtocolVersion) {
      worker.send({ type: "suspend-job", jobId, attempt });
    }
  }

  /** Effects of taking attempts away from workers, who must be told if they can be. */
  #giveUp(effects: JobEffects): void {
    for (const { workerId, jobId, attempt } of effects.overAttempts) {
      this.#hub.discarded(jobId, attempt);
      this.#workers.connected(workerId)?.send({ type: "drop-job", jobId, attempt });
    }
    this.#apply(effects);
  }

  #resource(job: StoredJob): JobResource {
    return jobResource(job, (waiting) => waitingReason(waiting, this.#view));
  }
}

/** When an id was made: its first 48 bits (RFC 9562 §5.7), milliseconds since the epoch. */
function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
