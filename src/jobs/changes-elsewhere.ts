import type { Logger } from "../contract/logger.ts";
import type { StreamRecord } from "../contract/stream.ts";
import type { Interest } from "../services/change-feed.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { AssignedAttempt, JobEffects, QueueKey, StopOrder } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { isEnded } from "./job-transitions.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempt, RunningAttempts } from "./running-attempts.ts";

export interface ChangesElsewhereOptions {
  store: Pick<Store, "read">;
  hub: LiveHub;
  attempts: RunningAttempts;
  logger: Logger;
  /** Whether a worker sends its records to this service. */
  bringsRecords(workerId: string): boolean;
  /** Whether a worker has its link to this service. */
  isHere(workerId: string): boolean;
  /** Attempts of workers of this service were ended by others. */
  onOver(effects: JobEffects): void;
  /** Somebody asked another service to stop an attempt of a worker of this one. */
  onStop(attempt: AssignedAttempt, stop: StopOrder): void;
  /** Jobs wait in these queues. */
  onWaiting(queues: QueueKey[]): void;
  /** The rows of jobs that somebody may follow have changed. */
  onChanged(jobIds: string[]): void;
  /** The same, of jobs that have ended; their records were told before. */
  onEnded(jobIds: string[]): void;
}

/** One page of records that another service took in. */
const pageRecords = 1_000;
const pageBytes = 256 * 1024;

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
  readonly #records = new BoundedCache<string, string>(jobsRemembered);

  constructor(options: ChangesElsewhereOptions) {
    this.#options = options;
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

  /** In the order of the changes. Resolves when readers were told of the records. */
  async take(jobs: readonly ChangedJob[]): Promise<void> {
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
    // Told before anything is awaited: neither a worker nor a job in the queue waits for readers.
    if (over.length > 0) {
      onOver({ changedJobs: [], queued: [], overAttempts: over, stops: [], ended: [] });
    }
    if (waiting.size > 0) {
      onWaiting([...waiting.values()]);
    }
    await this.#tellReaders(jobs);
  }

  /** Also of an attempt that this service does not have yet: the answer to its claim may be on the way here. */
  #stop({ jobId, attempt, workerId, stop }: ChangedJob): void {
    const { attempts, isHere, onStop } = this.#options;
    if (stop !== null && workerId !== null && isHere(workerId)) {
      const assigned = { jobId, attempt, workerId };
      const told = attempts.current(assigned)?.stop ?? null;
      if (told === null || (stop.force && !told.force)) {
        onStop(assigned, stop);
      }
    }
  }

  async #tellReaders(jobs: readonly ChangedJob[]): Promise<void> {
    const { hub, onChanged, onEnded, logger } = this.#options;
    const followed = jobs.filter(({ jobId }) => hub.hasReaders(jobId));
    const rows = followed.filter((job) => isNews(this.#rows, job.jobId, rowOf(job)));
    onChanged(rows.filter(({ status }) => !isEnded(status)).map(({ jobId }) => jobId));
    await Promise.all(
      followed.map(async (job) => {
        try {
          await this.#tellRecords(job);
        } catch (error) {
          logger.error("records that another service took in could not be read", {
            jobId: job.jobId,
            error: String(error),
          });
          this.#records.delete(job.jobId);
          hub.storedUnseen(job.jobId);
        }
      }),
    );
    onEnded(rows.filter(({ status }) => isEnded(status)).map(({ jobId }) => jobId));
  }

  /** Records that came to another service, in their order: those of an attempt are stored in the order of their numbers. */
  async #tellRecords(job: ChangedJob): Promise<void> {
    const { store, hub } = this.#options;
    const { jobId, attempt, recordCount } = job;
    const known = this.#options.attempts.ofJob(jobId);
    const comesHere = known?.attempt === attempt && this.#options.bringsRecords(known.workerId);
    if (comesHere || !hub.isFollowed(jobId) || !isNews(this.#records, jobId, `${attempt} ${recordCount}`)) {
      return;
    }
    for (let more = recordCount > 0; more; ) {
      const after = hub.toldUpTo(jobId);
      if (after === null) {
        // Whoever is reading the store now may have read it before.
        hub.storedUnseen(jobId);
        return;
      }
      const page = await store.read.records({ jobId, after, limit: pageRecords, bytes: pageBytes });
      for (const [of, records] of Map.groupBy(page.records, (record) => record.attempt)) {
        const plain = records.map(
          ({ id: _id, attempt: _attempt, time, ...record }): StreamRecord => ({ ...record, time: Date.parse(time) }),
        );
        const size = plain.reduce((sum, { text }) => sum + text.length, 0);
        hub.recordsElsewhere(jobId, of, plain, size);
      }
      more = page.more && hub.isFollowed(jobId);
    }
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

/** Whether something is other than when it was asked for last. */
function isNews(remembered: BoundedCache<string, string>, key: string, value: string): boolean {
  const isKnown = remembered.get(key) === value;
  remembered.set(key, value);
  return !isKnown;
}
