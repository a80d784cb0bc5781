import type { Interest } from "../services/change-feed.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { AssignedAttempt, JobEffects, QueueKey, StopOrder } from "../store/operations/jobs.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { isEnded } from "./job-transitions.ts";
import type { RecordsElsewhereOptions } from "./records-elsewhere.ts";
import { RecordsElsewhere } from "./records-elsewhere.ts";
import type { RunningAttempt } from "./running-attempts.ts";

export interface ChangesElsewhereOptions extends RecordsElsewhereOptions {
  /** Whether a worker has its link to this service. */
  isHere(workerId: string): boolean;
  /** Attempts of workers of this service were ended by others. */
  onOver(effects: JobEffects): void;
  /** Somebody asked another service to stop an attempt of a worker of this one. */
  onStop(attempt: AssignedAttempt, stop: StopOrder): void;
  /** An attempt of a worker here is to be suspended. */
  onSuspend(attempt: AssignedAttempt): void;
  /** Jobs wait in these queues. */
  onWaiting(queues: QueueKey[]): void;
  /** The rows of jobs that somebody may follow have changed. */
  onChanged(jobIds: string[]): void;
}

/** Jobs of which it is known how they were told last. */
const jobsRemembered = 20_000;

/**
 * Acts on what other services over the same database did to jobs: readers here are told, workers here hear of a stop or of an
 * attempt that is over, and the dispatcher of jobs that wait. Changes of this service come back among them; what they would do was
 * done already, and is not done again.
 */
export class ChangesElsewhere {
  readonly #options: ChangesElsewhereOptions;
  /** Of each job all that was told of it, in a word. */
  readonly #rows = new BoundedCache<string, string>(jobsRemembered);
  readonly #records: RecordsElsewhere;

  constructor(options: ChangesElsewhereOptions) {
    this.#options = options;
    this.#records = new RecordsElsewhere(options);
  }

  /** Nothing more is told; resolves when what is being read was. */
  stop(): Promise<void> {
    return this.#records.stop();
  }

  /** How much of it this service wants to know now. */
  interest(hasWorkers: boolean): Interest {
    const { hub, attempts, bringsRecords } = this.#options;
    if (hub.everyJobIsFollowed) {
      return "live";
    }
    for (const jobId of hub.followedJobs()) {
      const attempt = attempts.ofJob(jobId);
      if (attempt === undefined || !bringsRecords(attempt.workerId)) {
        return "live";
      }
    }
    return hasWorkers ? "ready" : "idle";
  }

  /** In the order of the changes. Records are read in the background. */
  take(jobs: readonly ChangedJob[]): void {
    const { onOver, onWaiting } = this.#options;
    const over: AssignedAttempt[] = [];
    const waiting = new Map<string, QueueKey>();
    for (const job of jobs) {
      const known = this.#options.attempts.ofJob(job.jobId);
      if (known !== undefined && isOver(known, job)) {
        over.push({ jobId: known.jobId, attempt: known.attempt, workerId: known.workerId });
      }
      this.#stop(job);
      if (job.status === "New" && !job.parked) {
        waiting.set(job.placementId, { placementId: job.placementId, hostKind: job.hostKind });
      }
    }
    if (over.length > 0) {
      onOver({ changedJobs: [], queued: [], overAttempts: over, stops: [], ended: [] });
    }
    if (waiting.size > 0) {
      onWaiting([...waiting.values()]);
    }
    this.#tellReaders(jobs);
  }

  /** Also of an attempt that this service does not have yet: the answer to its claim may be on the way here. */
  #stop({ jobId, attempt, workerId, stop, status }: ChangedJob): void {
    const { attempts, isHere, onStop, onSuspend } = this.#options;
    if (status === "Suspending" && workerId !== null && isHere(workerId)) {
      onSuspend({ jobId, attempt, workerId });
    }
    if (stop !== null && workerId !== null && isHere(workerId)) {
      const assigned = { jobId, attempt, workerId };
      const told = attempts.current(assigned)?.stop ?? null;
      if (told === null || (stop.force && !told.force)) {
        onStop(assigned, stop);
      }
    }
  }

  #tellReaders(jobs: readonly ChangedJob[]): void {
    const { hub, onChanged, onEnded } = this.#options;
    const changed: string[] = [];
    const ends: string[] = [];
    for (const job of jobs) {
      if (hub.hasReaders(job.jobId)) {
        const isNews = this.#isNews(job);
        const hasEnded = isNews && isEnded(job.status);
        if (isNews && !hasEnded) {
          changed.push(job.jobId);
        }
        if (hub.isFollowed(job.jobId)) {
          this.#records.changed(job, hasEnded);
        } else if (hasEnded) {
          ends.push(job.jobId);
        }
      }
    }
    onChanged(changed);
    onEnded(ends);
  }

  /** Whether something is other than when it was asked for last. */
  #isNews(job: ChangedJob): boolean {
    const row = rowOf(job);
    const isKnown = this.#rows.get(job.jobId) === row;
    this.#rows.set(job.jobId, row);
    return !isKnown;
  }
}

/** Whether an attempt that a worker of this service has is over by the database's knowledge. */
function isOver(known: RunningAttempt, job: ChangedJob): boolean {
  return (
    job.attempt > known.attempt ||
    (job.attempt === known.attempt && (isEnded(job.status) || job.workerId !== known.workerId))
  );
}

function rowOf({ status, parked, attempt, workerId, stop }: ChangedJob): string {
  return `${status} ${parked} ${attempt} ${workerId} ${stop?.force}`;
}
