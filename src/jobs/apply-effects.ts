import type { JobResource } from "../contract/api/job.ts";
import type { JobEffects, QueueKey, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { AttemptOrders } from "./attempt-orders.ts";
import type { BoundChildren } from "./bound-children.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { JobChanges } from "./job-changes.ts";
import type { JobObserver } from "./job-observer.ts";
import { jobResource } from "./job-resource.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempts } from "./running-attempts.ts";
import { parkedReason } from "./waiting-reason.ts";

export interface EffectsApplierOptions {
  store: Pick<Store, "isShared" | "keepsOrder">;
  attempts: Pick<RunningAttempts, "remove">;
  orders: Pick<AttemptOrders, "stop" | "drop">;
  dispatcher: Pick<Dispatcher, "wake" | "slotsFreed" | "hasBacklog">;
  hub: Pick<LiveHub, "hasReaders" | "job" | "storedUnseen" | "discarded">;
  changes: Pick<JobChanges, "note" | "noteEnds" | "tellEnd">;
  boundChildren: Pick<BoundChildren, "noteEnds">;
  observer: Pick<JobObserver, "jobAccepted" | "jobEnded">;
  /** A job as it is shown, with the reason that it waits for now. */
  resource(job: StoredJob): JobResource;
}

/**
 * The one place that acts on what an operation of the store did to jobs, its effects: slots are free, workers are told to stop attempts,
 * readers are told, queues are looked into.
 */
export class EffectsApplier {
  readonly #options: EffectsApplierOptions;

  constructor(options: EffectsApplierOptions) {
    this.#options = options;
  }

  /** Children of jobs that have ended are stopped in the background. */
  apply(effects: JobEffects): void {
    this.applyWithoutChildren(effects);
    this.#options.boundChildren.noteEnds(effects.ended);
  }

  /** For who stops the children of the ended jobs itself. */
  applyWithoutChildren(effects: JobEffects): void {
    const { attempts, orders, dispatcher, changes, observer, resource } = this.#options;
    const freed = new Set<string>();
    for (const { jobId, attempt, workerId } of effects.overAttempts) {
      if (attempts.remove(jobId, attempt)) {
        freed.add(workerId);
      }
    }
    for (const { reason, force, ...attempt } of effects.stops) {
      orders.stop(attempt, { reason, force });
    }
    for (const { status } of effects.ended) {
      observer.jobEnded?.(status);
    }
    const ended = new Set(effects.ended.map(({ jobId }) => jobId));
    this.#readLastRecords(ended);
    for (const { job } of effects.ended) {
      if (job !== undefined) {
        changes.tellEnd(resource(job));
      }
    }
    changes.noteEnds(effects.ended.filter(({ job }) => job === undefined).map(({ jobId }) => jobId));
    changes.note(effects.changedJobs.filter((jobId) => !ended.has(jobId)));
    for (const queue of effects.queued) {
      dispatcher.wake(queue);
    }
    for (const workerId of freed) {
      dispatcher.slotsFreed(workerId);
    }
  }

  /**
   * Of an acceptance.
   * @param expected the queue that was told to the dispatcher when the acceptance was asked for
   */
  applyAcceptance(job: StoredJob, effects: JobEffects, expected: QueueKey): void {
    const { store, dispatcher, hub, observer, resource } = this.#options;
    observer.jobAccepted?.();
    // It is at hand: whoever follows it need not wait for it to be read.
    if (effects.changedJobs.includes(job.jobId) && hub.hasReaders(job.jobId)) {
      const waits = dispatcher.hasBacklog(expected);
      hub.job(waits ? resource(job) : jobResource(job, parkedReason));
    }
    const others = effects.changedJobs.filter((jobId) => jobId !== job.jobId);
    // The claim for the job itself was asked for together with its acceptance, where that makes sense.
    const own = store.keepsOrder
      ? effects.queued.findLastIndex(({ placementId }) => placementId === expected.placementId)
      : -1;
    const queued = own < 0 ? effects.queued : effects.queued.toSpliced(own, 1);
    this.apply({ ...effects, changedJobs: others, queued });
  }

  /** Of taking attempts away from workers, who must be told if they can be. */
  applyGivenUp(effects: JobEffects): void {
    const { hub, orders } = this.#options;
    for (const attempt of effects.overAttempts) {
      hub.discarded(attempt.jobId, attempt.attempt);
      orders.drop(attempt);
    }
    this.apply(effects);
  }

  /** Of jobs that this service ended, and whose last records came to another one: they are told before the end. */
  #readLastRecords(ended: ReadonlySet<string>): void {
    if (this.#options.store.isShared) {
      for (const jobId of ended) {
        this.#options.hub.storedUnseen(jobId);
      }
    }
  }
}
