import type { JobResource, ListedJob } from "../contract/api/job.ts";
import type { StreamRecord } from "../contract/stream.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import { BoundedCache } from "./bounded-cache.ts";

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
  /** All that comes after this was told, or will be, to every reader that has caught up; null while none has. */
  told: RecordPosition | null;
  /** The job as it was told last, as JSON. */
  job: string;
}

interface PendingRecord {
  attempt: number;
  record: StreamRecord;
  size: number;
}

/** UTF-16 units of an exception's message in the events of all jobs. */
const listedMessage = 500;

/** UTF-16 units of jobs that are known to have been told to those who follow all of them. */
const rememberedJobs = 4 * 1024 * 1024;

/**
 * Tells readers what happens, as it happens: records before they are stored, jobs after.
 * It keeps nothing but what is on its way to the store, and that is bounded by the credit of the workers.
 */
export class LiveHub {
  readonly #jobs = new Map<string, JobTopic>();
  readonly #everyJob = new Set<(job: ListedJob) => void>();
  /** Of many services that see a change, each tells it once, however it learnt of it. */
  readonly #toldToAll = new BoundedCache<string, string>(rememberedJobs, (text) => text.length);
  readonly #onFollow: () => void;

  /** @param onFollow called when somebody begins to follow something */
  constructor(onFollow: () => void = () => {}) {
    this.#onFollow = onFollow;
  }

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
    this.#onFollow();
    return () => {
      topic.sinks.delete(sink);
      if (topic.sinks.size === 0) {
        topic.told = null;
        topic.job = "";
      }
      this.#tidy(jobId, topic);
    };
  }

  /** Follows the changes of all jobs. @returns a function that ends it */
  followAll(sink: (job: ListedJob) => void): () => void {
    this.#everyJob.add(sink);
    this.#onFollow();
    return () => this.#everyJob.delete(sink);
  }

  /** A reader that follows a job has read the store up to here, and has the rest to be told. */
  reached(jobId: string, position: RecordPosition): void {
    const topic = this.#jobs.get(jobId);
    if (topic !== undefined) {
      topic.told ??= position;
    }
  }

  /** Behind which record something has to be told of, of a job that is followed; null while all its readers read the store themselves. */
  toldUpTo(jobId: string): RecordPosition | null {
    return this.#jobs.get(jobId)?.told ?? null;
  }

  /** Whether somebody follows this very job. */
  isFollowed(jobId: string): boolean {
    return (this.#jobs.get(jobId)?.sinks.size ?? 0) > 0;
  }

  /** Jobs that somebody follows. */
  *followedJobs(): Generator<string, void, undefined> {
    for (const [jobId, { sinks }] of this.#jobs) {
      if (sinks.size > 0) {
        yield jobId;
      }
    }
  }

  get everyJobIsFollowed(): boolean {
    return this.#everyJob.size > 0;
  }

  /** Whether anybody wants to hear of a change of this job. */
  hasReaders(jobId: string): boolean {
    return this.#everyJob.size > 0 || this.isFollowed(jobId);
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
    this.#tell(topic, attempt, records, size);
  }

  /** Records were stored that another service took in. */
  recordsElsewhere(jobId: string, attempt: number, records: readonly StreamRecord[], size: number): void {
    const topic = this.#jobs.get(jobId);
    if (topic !== undefined && topic.sinks.size > 0) {
      this.#tell(topic, attempt, records, size);
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
    const topic = this.#jobs.get(job.jobId);
    if (topic !== undefined && topic.sinks.size > 0) {
      const text = JSON.stringify(job);
      if (text !== topic.job) {
        topic.job = text;
        for (const sink of topic.sinks) {
          sink({ type: "job", job, size: text.length });
        }
      }
    }
    if (this.#everyJob.size > 0) {
      const listed = toListedJob(job);
      const text = JSON.stringify(listed);
      if (text !== this.#toldToAll.get(job.jobId)) {
        this.#toldToAll.set(job.jobId, text);
        for (const sink of this.#everyJob) {
          sink(listed);
        }
      }
    }
  }

  #tell(topic: JobTopic, attempt: number, records: readonly StreamRecord[], size: number): void {
    const last = records.at(-1);
    if (topic.told !== null && last !== undefined && isLater({ attempt, number: last.number }, topic.told)) {
      topic.told = { attempt, number: last.number };
    }
    for (const sink of topic.sinks) {
      sink({ type: "records", attempt, records, size });
    }
  }

  #topic(jobId: string): JobTopic {
    let topic = this.#jobs.get(jobId);
    if (topic === undefined) {
      topic = { sinks: new Set(), pending: [], told: null, job: "" };
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

function isLater(one: RecordPosition, other: RecordPosition): boolean {
  return one.attempt > other.attempt || (one.attempt === other.attempt && one.number > other.number);
}

function toListedJob({ parameters: _parameters, result: _result, exception, ...job }: JobResource): ListedJob {
  const message = exception?.message.slice(0, listedMessage).toWellFormed() ?? "";
  return { ...job, exception: exception === null ? null : { name: exception.name, message } };
}
