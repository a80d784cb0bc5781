import type { JobResource } from "../contract/api/job.ts";
import type { StreamRecord } from "../contract/stream.ts";

/** What a live reader of a job is told, in order. */
export type LiveEvent =
  | { type: "records"; attempt: number; records: readonly StreamRecord[] }
  | { type: "job"; job: JobResource }
  /** Records were stored that did not come by here: read them from the store. */
  | { type: "stored" };

/** A reader's end: takes an event at once and without waiting. */
export type LiveSink = (event: LiveEvent) => void;

interface JobTopic {
  readonly sinks: Set<LiveSink>;
  /** Records that are told but not stored yet, in order: a reader who comes now finds them nowhere else. */
  pending: { attempt: number; record: StreamRecord }[];
}

/**
 * Tells readers what happens, as it happens: records before they are stored, jobs after.
 * It keeps nothing but what is on its way to the store, and that is bounded by the credit of the workers.
 */
export class LiveHub {
  readonly #jobs = new Map<string, JobTopic>();
  readonly #everyJob = new Set<(job: JobResource) => void>();

  /**
   * Follows one job from this moment on; `sink` is first told what is not stored yet.
   * @returns a function that ends it
   */
  follow(jobId: string, sink: LiveSink): () => void {
    const topic = this.#topic(jobId);
    topic.sinks.add(sink);
    for (const { attempt, record } of topic.pending) {
      sink({ type: "records", attempt, records: [record] });
    }
    return () => {
      topic.sinks.delete(sink);
      this.#tidy(jobId, topic);
    };
  }

  /** Follows the changes of all jobs. @returns a function that ends it */
  followAll(sink: (job: JobResource) => void): () => void {
    this.#everyJob.add(sink);
    return () => this.#everyJob.delete(sink);
  }

  /** Whether anybody wants to hear of a change of this job. */
  hasReaders(jobId: string): boolean {
    return this.#everyJob.size > 0 || (this.#jobs.get(jobId)?.sinks.size ?? 0) > 0;
  }

  /** Records of the current attempt have come; they are on their way to the store. */
  records(jobId: string, attempt: number, records: readonly StreamRecord[]): void {
    if (records.length === 0) {
      return;
    }
    const topic = this.#topic(jobId);
    for (const record of records) {
      topic.pending.push({ attempt, record });
    }
    for (const sink of topic.sinks) {
      sink({ type: "records", attempt, records });
    }
  }

  /** Records up to a number are stored. */
  stored(jobId: string, attempt: number, number: number): void {
    this.#keep(
      jobId,
      (entry) => entry.attempt > attempt || (entry.attempt === attempt && entry.record.number > number),
    );
  }

  /** The records of this attempt that are not stored never will be. */
  discarded(jobId: string, attempt: number): void {
    this.#keep(jobId, (entry) => entry.attempt !== attempt);
  }

  /** Records were stored that did not come through `records`. */
  storedUnseen(jobId: string): void {
    for (const sink of this.#jobs.get(jobId)?.sinks ?? []) {
      sink({ type: "stored" });
    }
  }

  /** A job has changed. */
  job(job: JobResource): void {
    for (const sink of this.#jobs.get(job.jobId)?.sinks ?? []) {
      sink({ type: "job", job });
    }
    for (const sink of this.#everyJob) {
      sink(job);
    }
  }

  #topic(jobId: string): JobTopic {
    let topic = this.#jobs.get(jobId);
    if (topic === undefined) {
      topic = { sinks: new Set(), pending: [] };
      this.#jobs.set(jobId, topic);
    }
    return topic;
  }

  #keep(jobId: string, isKept: (entry: { attempt: number; record: StreamRecord }) => boolean): void {
    const topic = this.#jobs.get(jobId);
    if (topic !== undefined) {
      const first = topic.pending.findIndex(isKept);
      topic.pending = first < 0 ? [] : topic.pending.slice(first).filter(isKept);
      this.#tidy(jobId, topic);
    }
  }

  #tidy(jobId: string, topic: JobTopic): void {
    if (topic.sinks.size === 0 && topic.pending.length === 0 && this.#jobs.get(jobId) === topic) {
      this.#jobs.delete(jobId);
    }
  }
}
