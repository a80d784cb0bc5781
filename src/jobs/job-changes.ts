import { setTimeout as delay } from "node:timers/promises";
import type { JobResource } from "../contract/api/job.ts";
import type { Logger } from "../contract/logger.ts";
import type { LiveHub } from "./live-hub.ts";

/** Jobs read at once. */
const mostAtOnce = 50;

/**
 * Milliseconds for which changes gather before they are read, except for ends. A job passes through its first states in less, and
 * in those moments its script has better use for the processor.
 */
const gatherTime = 20;

/** After a read that failed, in milliseconds. */
const retryDelay = 500;

/**
 * Tells live readers of jobs that changed: each is read once it is stored, ends at once, other changes together with what comes
 * in the next moment. Costs nothing while nobody reads.
 */
export class JobChanges {
  readonly #hub: LiveHub;
  readonly #read: (jobIds: string[]) => Promise<JobResource[]>;
  readonly #logger: Logger;
  readonly #changed = new Set<string>();
  #busy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(hub: LiveHub, read: (jobIds: string[]) => Promise<JobResource[]>, logger: Logger) {
    this.#hub = hub;
    this.#read = read;
    this.#logger = logger;
  }

  note(jobIds: readonly string[]): void {
    if (this.#add(jobIds)) {
      this.#timer ??= setTimeout(() => this.#go(), gatherTime);
    }
  }

  /** Of jobs that have ended. */
  noteEnds(jobIds: readonly string[]): void {
    if (this.#add(jobIds)) {
      this.#go();
    }
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
    while (this.#changed.size > 0) {
      const jobIds = [...this.#changed].slice(0, mostAtOnce);
      for (const jobId of jobIds) {
        this.#changed.delete(jobId);
      }
      try {
        for (const job of await this.#read(jobIds)) {
          this.#hub.job(job);
        }
      } catch (error) {
        this.#logger.error("changed jobs could not be read", { error: String(error) });
        for (const jobId of jobIds) {
          this.#changed.add(jobId);
        }
        await delay(retryDelay, undefined, { ref: false });
      }
    }
    this.#busy = false;
  }
}
