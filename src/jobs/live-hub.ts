import type { JobResource, ListedJob } from "../contract/api/job.ts";
import type { StreamRecord } from "../contract/stream.ts";

/** What a live reader of a job is told, in order. `size` is about how many UTF-16 units it has as JSON. */
export type LiveEvent =
  | { type: "records"; attempt: number; records: readonly StreamRecord[]; size: number }
  | { type: "job"; job: JobResource; size: number }
  /** Records were stored that did not come by here: read them from the store. */
  | { type: "stored" };

/** A reader's end: takes an event at once and without waiting. */
export type LiveSink = (event: LiveEvent) => void;

interface JobTopic {
  readonly sinks: Set<LiveSink>;
  /** Records that are told but not stored yet, in order: a reader who comes now finds them nowhere else. */
  pending: PendingRecord[];
}

interface PendingRecord {
  attempt: number;
  record: StreamRecord;
  size: number;
}

/** UTF-16 units of an exception's message in the events of all jobs. */
const listedMessage = 500;

/**
 * Tells readers what happens, as it happens: records before they are stored, jobs after.
 * It keeps nothing but what is on its way to the store, and that is bounded by the credit of the workers.
 */
export class LiveHub {
  readonly #jobs = new Map<string, JobTopic>();
  readonly #everyJob = new Set<(job: ListedJob) => void>();

  /**
   * Follows one job from this moment on; `sink` is first told what is not stored yet.
   * @returns a function that ends it
   */
  follow(jobId: string, sink: LiveSink): () => void {
    const topic = this.#topic(jobId);
    topic.sinks.add(sink);
    for (const { attempt, record, size } of topic.pending) {
      sink({ type: "records", attempt, records: [record], size });
    }
    return () => {
      topic.sinks.delete(sink);
      this.#tidy(jobId, topic);
    };
  }

  /** Follows the changes of all jobs. @returns a function that ends it */
  followAll(sink: (job: ListedJob) => void): () => void {
    this.#everyJob.add(sink);
    return () => this.#everyJob.delete(sink);
  }

  /** Whether anybody wants to hear of a change of this job. */
  hasReaders(jobId: string): boolean {
    return this.#everyJob.size > 0 || (this.#jobs.get(jobId)?.sinks.size ?? 0) > 0;
  }

  /** Records of the current attempt have come, in a frame of so many UTF-16 units; they are on their way to the store. */
  records(jobId: string, attempt: number, records: readonly StreamRecord[], size: number): void {
    if (records.length === 0) {
      return;
    }
    const topic = this.#topic(jobId);
    for (const record of records) {
      topic.pending.push({ attempt, record, size: size / records.length });
    }
    for (const sink of topic.sinks) {
      sink({ type: "records", attempt, records, size });
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
    const sinks = this.#jobs.get(job.jobId)?.sinks;
    if (sinks !== undefined && sinks.size > 0) {
      const size = JSON.stringify(job).length;
      for (const sink of sinks) {
        sink({ type: "job", job, size });
      }
    }
    if (this.#everyJob.size > 0) {
      const listed = toListedJob(job);
      for (const sink of this.#everyJob) {
        sink(listed);
      }
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

  #keep(jobId: string, isKept: (entry: PendingRecord) => boolean): void {
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

function toListedJob({ parameters: _parameters, result: _result, exception, ...job }: JobResource): ListedJob {
  const message = exception?.message.slice(0, listedMessage).toWellFormed() ?? "";
  return { ...job, exception: exception === null ? null : { name: exception.name, message } };
}
