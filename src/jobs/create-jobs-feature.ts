import { soleLeader } from "../services/duty-leader.ts";
import { timeOfId } from "../store/new-id.ts";
import type { JobEffects, StoredJob } from "../store/operations/jobs.ts";
import { systemClock } from "../workers/clock.ts";
import { EffectsApplier } from "./apply-effects.ts";
import { AssetBroker } from "./asset-broker.ts";
import { AttemptOrders } from "./attempt-orders.ts";
import { AttemptWaits } from "./attempt-waits.ts";
import { BoundChildren } from "./bound-children.ts";
import { BulkJobs } from "./bulk-jobs.ts";
import { ChangesElsewhere } from "./changes-elsewhere.ts";
import { ChildVersions } from "./child-versions.ts";
import { DispatchHolds } from "./dispatch-holds.ts";
import { DispatchView } from "./dispatch-view.ts";
import { Dispatcher } from "./dispatcher.ts";
import { GivenSecrets } from "./given-secrets.ts";
import { HandOver } from "./hand-over.ts";
import { JobChanges } from "./job-changes.ts";
import { jobDuties } from "./job-duties.ts";
import type { JobFeedSource } from "./job-feed.ts";
import { JobJournal } from "./job-journal.ts";
import { JobQueries } from "./job-queries.ts";
import { jobResource } from "./job-resource.ts";
import { JobRestarts } from "./job-restarts.ts";
import { JobWaits } from "./job-waits.ts";
import type { JobsFeature, JobsOptions } from "./jobs-feature.ts";
import { LiveFeeds } from "./live-feeds.ts";
import { LiveHub } from "./live-hub.ts";
import { OrphanedAttempts } from "./orphaned-attempts.ts";
import { RecordIntake } from "./record-intake.ts";
import { defaultRetention, purgeEndedJobs } from "./retention.ts";
import { RunbookRequests } from "./runbook-requests.ts";
import { RunnableVersions } from "./runnable-versions.ts";
import { RunningAttempts } from "./running-attempts.ts";
import { SealedParameters } from "./sealed-parameters.ts";
import type { StartJobRequest } from "./start-job.ts";
import { JobStarter } from "./start-job.ts";
import { StartableRunbooks } from "./startable-runbooks.ts";
import { JobStopper } from "./stop-job.ts";
import { defaultLowStorage, freeBytesOf, StorageWatermark } from "./storage-watermark.ts";
import { waitingReason } from "./waiting-reason.ts";
import { WorkerReports } from "./worker-reports.ts";

const defaultStuckPatience = 30_000;
const defaultOrphanPatience = 5_000;
const defaultPurgeInterval = 60_000;

/** Builds what jobs are made of, wires it, and says what of it others may use. Nothing runs before `start`. */
export function createJobsFeature(options: JobsOptions): JobsFeature {
  const { store, workers, logger, clock = systemClock, leadership = soleLeader, observer = {}, assets } = options;
  const { storageFolder = null, orphanPatience = defaultOrphanPatience } = options;
  const retention = { ...defaultRetention, ...options.retention };
  const mayRunOf = options.mayRunOf ?? (async () => () => true);
  const connected = (workerId: string) => workers.connected(workerId);
  const isHere = (workerId: string) => workers.connected(workerId) !== undefined;

  // What is remembered, and what is sealed.
  const attempts = new RunningAttempts(clock);
  const versions = new RunnableVersions(store);
  const runbooks = new StartableRunbooks(store);
  const children = new ChildVersions(store, versions);
  const parameters = new SealedParameters(assets?.sealer ?? null);
  const journal = assets === undefined ? null : new JobJournal(store, assets.sealer);
  const given = assets === undefined ? null : new GivenSecrets(store, assets.sealer);
  const storage = new StorageWatermark({
    logger,
    low: options.lowStorage ?? defaultLowStorage,
    freeBytes: options.freeBytes ?? (async () => (storageFolder === null ? null : freeBytesOf(storageFolder))),
  });

  // How jobs stand, and who is told when that changes.
  const view = new DispatchView(
    () => workers.allConnected(),
    () => clock.monotonic(),
  );
  const resource = (job: StoredJob) => jobResource(job, (waiting) => waitingReason(waiting, view));
  const queries = new JobQueries(store, resource);
  const hub = new LiveHub(options.onInterest);
  const changes = new JobChanges(hub, (jobIds) => queries.jobsById(jobIds), logger);
  const source: JobFeedSource = {
    hub,
    readJob: (jobId) => queries.job(jobId),
    readRecords: (page) => store.read.records(page),
  };

  // From the queue to a worker, and what follows for other jobs.
  const onEffects = (of: JobEffects) => effects.apply(of);
  const onGivenUp = (of: JobEffects) => effects.applyGivenUp(of);
  const orders = new AttemptOrders(workers, attempts);
  const dispatcher = new Dispatcher({
    store,
    workers,
    attempts,
    view,
    logger,
    onEffects,
    handOver: (job) => {
      changes.note([job.jobId]);
      handOver.handOver(job);
    },
  });
  const boundChildren = new BoundChildren({
    store,
    clock,
    logger,
    leadership,
    stop: async (jobId, force) => {
      await stopper.stop({ jobId, requestedBy: "the job that started it", force });
    },
  });
  const effects = new EffectsApplier({
    store,
    attempts,
    orders,
    dispatcher,
    hub,
    changes,
    boundChildren,
    observer,
    resource,
  });
  const handOver = new HandOver({
    store,
    versions,
    attempts,
    parameters,
    given,
    journal,
    children,
    mayRunOf,
    clock,
    logger,
    connected,
    onEffects,
  });
  const holds = new DispatchHolds({ store, logger, onEffects, onChange: () => dispatcher.look() });

  // What people ask for.
  const starter = new JobStarter({
    store,
    parameters,
    runbooks,
    versions,
    children,
    refuseWhenStorageIsLow: () => storage.refuseWhenLow(),
    // Where writes keep their order, the claim is asked for together with the acceptance, and both are in one commit.
    expectJob: (queue) => store.keepsOrder && dispatcher.wake(queue),
    accepted: (job, of, expected) => effects.applyAcceptance(job, of, expected),
    refused: onEffects,
  });
  const start = (request: StartJobRequest) => starter.start(request);
  const stopper = new JobStopper({ store, effects, boundChildren, resource });
  const bulk = new BulkJobs({ store, stop: (of) => stopper.stop(of), start, parameters });
  const restarts = new JobRestarts({ store, versions, parameters, journal, given, start });
  const waits = new JobWaits({ store, journal, resource, onEffects, onSuspend: (attempt) => orders.suspend(attempt) });
  const feeds = new LiveFeeds(source, start);

  // What running jobs ask for and tell.
  const broker = new AssetBroker({
    source: assets?.source ?? null,
    given,
    attempts,
    runAsOf: options.runAsOf ?? (async () => null),
    logger,
  });
  const runbookRequests = new RunbookRequests(attempts);
  const attemptWaits = new AttemptWaits({
    store,
    attempts,
    source,
    slotsFreed: (workerId) => dispatcher.slotsFreed(workerId),
  });
  const intake = new RecordIntake({
    store,
    journal,
    hub,
    attempts,
    logger,
    clock,
    isStorageCritical: () => storage.isCritical,
    onEffects,
    onRecords: (count) => observer.recordsStored?.(count),
    onFirstRecord: (jobId) => observer.firstRecord?.(Math.max(0, clock.now() - timeOfId(jobId))),
  });
  workers.attachJobs(
    new WorkerReports({
      attempts,
      orders,
      effects,
      dispatcher,
      handOver,
      assets: broker,
      runbookRequests,
      intake,
      logger,
    }),
  );

  // What other services do, and what nobody asks for.
  const elsewhere = new ChangesElsewhere({
    store,
    hub,
    attempts,
    logger,
    bringsRecords: (workerId) => workers.bringsRecords(workerId),
    isHere,
    onOver: onGivenUp,
    onStop: (attempt, stop) => orders.stop(attempt, stop),
    onSuspend: (attempt) => orders.suspend(attempt),
    onWaiting: (queues) => dispatcher.waiting(queues),
    onChanged: (jobIds) => changes.note(jobIds),
    onEnded: (jobIds) => changes.noteEnds(jobIds),
  });
  const duties = jobDuties({
    store,
    clock,
    logger,
    retention,
    attempts,
    leadership,
    isHere,
    given,
    stuckPatience: options.stuckPatience ?? defaultStuckPatience,
    orphans: new OrphanedAttempts({
      store,
      attempts,
      claims: dispatcher.claims,
      logger,
      allConnected: () => workers.allConnected(),
      patience: orphanPatience,
      drop: (attempt) => orders.drop(attempt),
      putBack: (attempt, reason) => handOver.putBack(attempt, reason),
    }),
    orphanInterval: orphanPatience,
    purgeInterval: options.purgeInterval ?? defaultPurgeInterval,
    boundChildren,
    onEffects,
    onGivenUp,
  });

  return {
    waits,
    children,
    startJob: start,
    checkStart: (request) => starter.check(request),
    startAndFollow: (request, signal) => feeds.startAndFollow(request, signal),
    stopJob: (of) => stopper.stopOpen(of),
    stopJobs: (request) => bulk.stop(request),
    retryJob: (of) => bulk.retryJob(of),
    restartJob: (of) => restarts.restart(of),
    retryJobs: (request) => bulk.retry(request),
    getJob: (jobId) => queries.job(jobId),
    listJobs: (of) => queries.jobs(of),
    listChildren: (of) => queries.children(of),
    listAttempts: (jobId) => queries.attempts(jobId),
    listRecords: (of) => queries.records(of),
    readText: (of) => queries.text(of),
    openFeed: (of) => feeds.open(of),
    mayRunOf,
    answerRunbookRequests: (answerer) => runbookRequests.answerBy(answerer),
    followFor: (waiting, of, mayRead) => attemptWaits.followFor(waiting, of, mayRead),
    forgetRunbook: (runbookId) => runbooks.forget(runbookId),
    releaseParkedJobs: (runbookId) => holds.releaseParkedJobs(runbookId),
    holdDispatch: (of) => holds.hold(of),
    releaseDispatch: (of) => holds.release(of),
    listDispatchHolds: (isVisible) => holds.list(isVisible),
    queueLengths: () => store.read.queueLengths(),
    get runningAttempts() {
      return workers.allConnected().reduce((sum, { workerId }) => sum + attempts.countOf(workerId), 0);
    },
    get interest() {
      return elsewhere.interest(workers.allConnected().length > 0);
    },
    changedElsewhere: (jobs) => elsewhere.take(jobs),
    purge: () => purgeEndedJobs(store, retention, clock),
    start() {
      storage.start();
      dispatcher.start();
      for (const duty of duties) {
        duty.start();
      }
    },
    async stop() {
      await dispatcher.stop();
      await handOver.allSent();
      holds.stop();
      storage.stop();
      await elsewhere.stop();
      await Promise.all(duties.map((duty) => duty.stop()));
      await intake.stop();
    },
  };
}
