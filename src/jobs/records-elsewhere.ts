import type { Logger } from "../contract/logger.ts";
import type { StreamRecord } from "../contract/stream.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { Store } from "../store/store.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempts } from "./running-attempts.ts";

export interface RecordsElsewhereOptions {
  store: Pick<Store, "read">;
  hub: LiveHub;
  attempts: RunningAttempts;
  logger: Logger;
  /** Whether a worker sends its records to this service. */
  bringsRecords(workerId: string): boolean;
  /** A job has ended, and its records were told. */
  onEnded(jobIds: string[]): void;
}

/** One page of records that another service took in. */
const pageRecords = 1_000;
const pageBytes = 256 * 1024;

/** Jobs whose records are read at the same time. */
const mostAtOnce = 8;

/** Jobs of which it is known how far their records were told. */
const jobsRemembered = 20_000;

/** What is to be told of a job: its records, and that it has ended. */
interface Telling {
  job: ChangedJob;
  ended: boolean;
}

/**
 * Tells readers here of records that came to another service: each job's in their order, its end after them, one job after another or
 * beside it. Nothing else waits for that, and of what changes meanwhile only the newest state of each job is kept.
 */
export class RecordsElsewhere {
  readonly #options: RecordsElsewhereOptions;
  readonly #told = new BoundedCache<string, string>(jobsRemembered);
  readonly #waiting = new Map<string, Telling>();
  readonly #reading = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: RecordsElsewhereOptions) {
    this.#options = options;
  }

  /** @param ended It has ended, which readers have not been told yet. */
  changed(job: ChangedJob, ended: boolean): void {
    const before = this.#waiting.get(job.jobId);
    this.#waiting.set(job.jobId, { job, ended: ended || before?.ended === true });
    this.#goOn();
  }

  /** Begins with nothing further; resolves when what is being read was told. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    await Promise.all(this.#reading.values());
  }

  #goOn(): void {
    for (const [jobId, telling] of this.#waiting) {
      if (this.#stopped || this.#reading.size >= mostAtOnce) {
        return;
      }
      if (!this.#reading.has(jobId)) {
        this.#waiting.delete(jobId);
        const reading = this.#tell(telling).finally(() => {
          this.#reading.delete(jobId);
          this.#goOn();
        });
        this.#reading.set(jobId, reading);
      }
    }
  }

  async #tell({ job, ended }: Telling): Promise<void> {
    const { hub, logger, onEnded } = this.#options;
    const { jobId } = job;
    try {
      await this.#tellRecords(job);
    } catch (error) {
      logger.error("records that another service took in could not be read", { jobId, error: String(error) });
      this.#told.delete(jobId);
      hub.storedUnseen(jobId);
    }
    if (ended) {
      onEnded([jobId]);
    }
  }

  async #tellRecords({ jobId, attempt, recordCount }: ChangedJob): Promise<void> {
    const { store, hub, attempts, bringsRecords } = this.#options;
    const known = attempts.ofJob(jobId);
    const comesHere = known?.attempt === attempt && bringsRecords(known.workerId);
    const state = `${attempt} ${recordCount}`;
    if (comesHere || !hub.isFollowed(jobId) || this.#told.get(jobId) === state) {
      return;
    }
    this.#told.set(jobId, state);
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
