import { setTimeout as delay } from "node:timers/promises";
import type { JobResource } from "../contract/api/job.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import { isEnded } from "./job-transitions.ts";
import type { LiveHub } from "./live-hub.ts";

/** Jobs read at once. */
const mostAtOnce = 50;

/**
 * Milliseconds for which changes gather before they are read, except for ends. A job passes through its first states in less, and
 * in those moments its script has better use for the processor.
 */
const gatherTime = 50;

/**
 * Milliseconds from one such read to the next: the more jobs change, the more a read has to tell. Of a job that is over by then
 * nothing but its end is told.
 */
const leastInterval = 250;

/** After a read that failed, in milliseconds. */
const retryDelay = 500;

/**
 * Tells live readers of jobs that changed: each is read once it is stored, ends at once, other changes together with what comes
 * in the next moment, which is longer while many change. Costs nothing while nobody reads.
 */
export class JobChanges {
  readonly #hub: LiveHub;
  readonly #read: (jobIds: string[]) => Promise<JobResource[]>;
  readonly #logger: Logger;
  readonly #changed = new Set<string>();
  /** Of those, the ones whose end was noted. */
  readonly #ends = new Set<string>();
  /** Jobs whose end was told while they may have been being read: what is read of them may be older. */
  readonly #overtaken = new Set<string>();
  #busy = false;
  #readAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(hub: LiveHub, read: (jobIds: string[]) => Promise<JobResource[]>, logger: Logger) {
    this.#hub = hub;
    this.#read = read;
    this.#logger = logger;
  }

  note(jobIds: readonly string[]): void {
    if (this.#add(jobIds)) {
      const wait = Math.max(gatherTime, this.#readAt + leastInterval - performance.now());
      this.#timer ??= setTimeout(() => this.#go(), wait);
    }
  }

  /** Of jobs that have ended. */
  noteEnds(jobIds: readonly string[]): void {
    const followed = jobIds.filter((jobId) => this.#hub.hasReaders(jobId));
    for (const jobId of followed) {
      this.#changed.add(jobId);
      this.#ends.add(jobId);
    }
    if (followed.length > 0) {
      this.#go();
    }
  }

  /** Of a job that has ended, as it is stored. */
  tellEnd(job: JobResource): void {
    this.#changed.delete(job.jobId);
    if (this.#busy) {
      this.#overtaken.add(job.jobId);
    }
    this.#hub.job(job);
  }

  #add(jobIds: readonly string[]): boolean {
    const before = this.#changed.size;
    for (const jobId of jobIds) {
      if (this.#hub.hasReaders(jobId)) {
        this.#changed.add(jobId);
      }
    }
    return this.#changed.size > before;
  }

  #go(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size > 0 && !this.#busy) {
      void this.#tell();
    }
  }

  async #tell(): Promise<void> {
    this.#busy = true;
    this.#readAt = performance.now();
    while (this.#changed.size > 0) {
      const jobIds = [...this.#changed].slice(0, mostAtOnce);
      for (const jobId of jobIds) {
        this.#changed.delete(jobId);
      }
      try {
        await this.#tellOf(jobIds);
      } catch (error) {
        this.#logger.error("changed jobs could not be read", { error: String(error) });
        if (error instanceof UserError) {
          for (const jobId of jobIds) {
            this.#changed.add(jobId);
          }
          await delay(retryDelay, undefined, { ref: false });
        } else {
          await this.#tellOfEach(jobIds);
        }
      }
    }
    this.#overtaken.clear();
    this.#busy = false;
  }

  async #tellOf(jobIds: string[]): Promise<void> {
    for (const job of await this.#read(jobIds)) {
      if (this.#overtaken.has(job.jobId)) {
        continue;
      }
      // It ended after the change that was noted, and perhaps at another service: what it said last may not have been told.
      if (isEnded(job.status) && !this.#ends.has(job.jobId)) {
        this.#hub.storedUnseen(job.jobId);
      }
      this.#hub.job(job);
    }
    for (const jobId of jobIds) {
      this.#ends.delete(jobId);
    }
  }

  /** A row that cannot be read is nobody else's trouble. */
  async #tellOfEach(jobIds: readonly string[]): Promise<void> {
    for (const jobId of jobIds) {
      try {
        await this.#tellOf([jobId]);
      } catch (error) {
        this.#ends.delete(jobId);
        this.#logger.error("a changed job could not be read", { jobId, error: String(error) });
      }
    }
  }
}
