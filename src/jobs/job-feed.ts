import { isoTime } from "../contract/api/iso-time.ts";
import type { JobResource, ListedJob } from "../contract/api/job.ts";
import type { JobStreamRecord, StreamRecord } from "../contract/stream.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import { isEnded } from "./job-transitions.ts";
import type { LiveEvent, LiveHub } from "./live-hub.ts";

/*
 * What a live reader of a job gets: all records after a position, each once and in order, first from the store and then live,
 * and the job itself, first as it is and then on each change. The event of a job's end comes after its last record.
 *
 * catching up   follows the hub from now on into a bounded buffer, which begins with the records that are told but not
 *               stored yet; then reads the job; then reads the store to its end. What was stored before the hub was followed
 *               is in the store, everything else is in the buffer.
 * live          gives what the buffer gets. A record at or before the position was given already and is passed over.
 * A reader that is too slow lets the buffer overflow. It is then thrown away, and the reader catches up from the store again.
 * So a reader costs at most one buffer and one page, however slow it is and however much is written.
 */

/** An event of a feed. */
export type FeedEvent =
  | { type: "record"; record: JobStreamRecord & { jobId: string } }
  /** Of a job that is followed itself all of it, of the topic of all jobs without what may be large. */
  | { type: "job"; job: JobResource | ListedJob };

export interface JobFeedSource {
  hub: LiveHub;
  /** @throws UserError `job-not-found` (404) */
  readJob(jobId: string): Promise<JobResource>;
  readRecords(of: {
    jobId: string;
    after: RecordPosition;
    limit: number;
    bytes: number;
  }): Promise<{ records: JobStreamRecord[]; more: boolean }>;
}

/** UTF-16 units of events that wait for one reader, values and results among them, and records. */
const bufferCharacters = 1024 * 1024;
const bufferEvents = 4_096;

const pageRecords = 1_000;
const pageBytes = 256 * 1024;

/** Jobs that wait for one reader of all jobs; the one that has waited the longest is left out first. */
const jobsWaiting = 10_000;

/**
 * The feed of one job, in portions that came together. It goes on after the job's end, until it is aborted or returned.
 * @throws UserError `job-not-found` (404)
 */
export async function* jobFeed(
  source: JobFeedSource,
  jobId: string,
  options: { after?: RecordPosition; signal: AbortSignal },
): AsyncGenerator<FeedEvent[], void, undefined> {
  const { signal } = options;
  let position = options.after ?? { attempt: 0, number: 0 };
  while (!signal.aborted) {
    const buffer = new LiveBuffer(source.hub, jobId);
    try {
      const readPage = () => source.readRecords({ jobId, after: position, limit: pageRecords, bytes: pageBytes });
      // Together, as most readers come when a job begins; of an ended job the end is read again after it.
      const [job, first] = await Promise.all([source.readJob(jobId), readPage()]);
      if (!isEnded(job.status)) {
        yield [{ type: "job", job }];
      }
      let page = first;
      let readsOn = page.more || isEnded(job.status);
      for (;;) {
        position = page.records.at(-1) ?? position;
        if (page.records.length > 0) {
          yield page.records.map((record) => ({ type: "record", record: { ...record, jobId } }));
        }
        if (!readsOn || signal.aborted) {
          break;
        }
        page = await readPage();
        readsOn = page.more;
      }
      if (isEnded(job.status)) {
        yield [{ type: "job", job }];
      }
      source.hub.reached(jobId, position);
      position = yield* liveFeed(jobId, buffer, position, signal);
    } finally {
      buffer.close();
    }
  }
}

/**
 * A follower of a job that is about to be accepted: it listens before anything can be said of the job, so nothing has to be
 * read back from the store. The job itself, as accepted, comes by the hub like every later change.
 */
export class NewJobFollower {
  readonly #source: JobFeedSource;
  readonly #jobId: string;
  readonly #buffer: LiveBuffer;

  constructor(source: JobFeedSource, jobId: string) {
    this.#source = source;
    this.#jobId = jobId;
    this.#buffer = new LiveBuffer(source.hub, jobId);
    source.hub.reached(jobId, { attempt: 0, number: 0 });
  }

  /** Stops listening; for a job that was not accepted. */
  close(): void {
    this.#buffer.close();
  }

  /** The feed of the job from its acceptance on; as `jobFeed` otherwise. Closes the follower at its end. */
  async *feed(signal: AbortSignal): AsyncGenerator<FeedEvent[], void, undefined> {
    const jobId = this.#jobId;
    let position: RecordPosition = { attempt: 0, number: 0 };
    try {
      position = yield* liveFeed(jobId, this.#buffer, position, signal);
    } finally {
      this.#buffer.close();
    }
    if (!signal.aborted) {
      yield* jobFeed(this.#source, jobId, { after: position, signal });
    }
  }
}

/** A job's feed up to its end: the event that tells of it is the last one. */
export async function* untilEnded(
  feed: AsyncGenerator<FeedEvent[], void, undefined>,
): AsyncGenerator<FeedEvent[], void, undefined> {
  for await (const portion of feed) {
    yield portion;
    if (portion.some((event) => event.type === "job" && isEnded(event.job.status))) {
      return;
    }
  }
}

/** The feed of the changes of all jobs, each without its parameters and its result. A job that changes again before it was read is given once, as it is then. */
export async function* allJobsFeed(hub: LiveHub, signal: AbortSignal): AsyncGenerator<FeedEvent[], void, undefined> {
  const changed = new Map<string, ListedJob>();
  const bell = new Bell();
  const unfollow = hub.followAll((job) => {
    changed.delete(job.jobId);
    changed.set(job.jobId, job);
    if (changed.size > jobsWaiting) {
      const [oldest] = changed.keys();
      changed.delete(oldest ?? "");
    }
    bell.ring();
  });
  try {
    while (!signal.aborted) {
      if (changed.size === 0) {
        await bell.rung(signal);
        continue;
      }
      const jobs = [...changed.values()];
      changed.clear();
      yield jobs.map((job) => ({ type: "job", job }));
    }
  } finally {
    unfollow();
  }
}

/** Several feeds as one, each portion as it comes. `open` makes them; each must end when its signal is aborted. */
export async function* mergedFeed(
  open: (signal: AbortSignal) => AsyncGenerator<FeedEvent[], void, undefined>[],
  signal: AbortSignal,
): AsyncGenerator<FeedEvent[], void, undefined> {
  const over = new AbortController();
  const feeds = open(AbortSignal.any([signal, over.signal]));
  const [only] = feeds;
  if (only !== undefined && feeds.length === 1) {
    yield* only;
    return;
  }
  // Each feed waits until its portion is taken, so no more than one of each waits here. Nothing long-lived gathers listeners.
  const waiting: { portion: FeedEvent[]; taken(): void }[] = [];
  const bell = new Bell();
  let running = feeds.length;
  let failure: { error: unknown } | undefined;
  const pump = async (feed: AsyncGenerator<FeedEvent[], void, undefined>): Promise<void> => {
    try {
      for await (const portion of feed) {
        if (over.signal.aborted) {
          break;
        }
        const taken = Promise.withResolvers<void>();
        waiting.push({ portion, taken: taken.resolve });
        bell.ring();
        await taken.promise;
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      running -= 1;
      bell.ring();
    }
  };
  const pumps = feeds.map(pump);
  try {
    while (running > 0 || waiting.length > 0) {
      const next = waiting.shift();
      if (failure !== undefined) {
        break;
      }
      if (next === undefined) {
        await bell.rung(over.signal);
        continue;
      }
      next.taken();
      yield next.portion;
    }
  } finally {
    over.abort();
    for (const { taken } of waiting) {
      taken();
    }
    await Promise.all(pumps);
  }
  if (failure !== undefined) {
    throw failure.error;
  }
}

/** What comes live after a position, until the store must be read again. @returns the position then */
async function* liveFeed(
  jobId: string,
  buffer: LiveBuffer,
  from: RecordPosition,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent[], RecordPosition, undefined> {
  let position = from;
  // Right after catching up a gap cannot be filled: what is missing was never stored.
  let gapsAllowed = true;
  for (;;) {
    const events = await buffer.next(signal);
    if (events === null) {
      return position;
    }
    const given = follow(jobId, events, position, gapsAllowed);
    gapsAllowed = false;
    position = given.position;
    if (given.events.length > 0) {
      yield given.events;
    }
    if (given.mustCatchUp) {
      return position;
    }
  }
}

/** What of live events is new to a reader at a position. */
function follow(jobId: string, events: LiveEvent[], from: RecordPosition, gapsAllowed: boolean) {
  const given: FeedEvent[] = [];
  let position = from;
  for (const event of events) {
    if (event.type === "stored") {
      return { events: given, position, mustCatchUp: true };
    }
    if (event.type === "job") {
      given.push({ type: "job", job: event.job });
      continue;
    }
    for (const record of event.records) {
      const isNew = event.attempt > position.attempt || record.number > position.number;
      if (event.attempt < position.attempt || !isNew) {
        continue;
      }
      const expected = event.attempt === position.attempt ? position.number + 1 : 1;
      if (record.number !== expected && !gapsAllowed) {
        return { events: given, position, mustCatchUp: true };
      }
      position = { attempt: event.attempt, number: record.number };
      given.push({ type: "record", record: liveRecord(jobId, event.attempt, record) });
    }
  }
  return { events: given, position, mustCatchUp: false };
}

function liveRecord(jobId: string, attempt: number, record: StreamRecord): JobStreamRecord & { jobId: string } {
  return {
    id: `${attempt}.${record.number}`,
    attempt,
    number: record.number,
    stream: record.stream,
    time: isoTime(record.time),
    text: record.text,
    ...(record.value === undefined ? {} : { value: record.value }),
    ...(record.cut === true ? { cut: true } : {}),
    ...(record.continued === true ? { continued: true } : {}),
    jobId,
  };
}

/** Live events of a job that wait for their reader. */
class LiveBuffer {
  readonly #bell = new Bell();
  readonly #unfollow: () => void;
  #events: LiveEvent[] = [];
  #characters = 0;
  #records = 0;
  #overflowed = false;

  constructor(hub: LiveHub, jobId: string) {
    this.#unfollow = hub.follow(jobId, (event) => this.#take(event));
  }

  /** What waits, or comes next; null when the reader was too slow, or is gone. */
  async next(signal: AbortSignal): Promise<LiveEvent[] | null> {
    while (this.#events.length === 0 && !this.#overflowed && !signal.aborted) {
      await this.#bell.rung(signal);
    }
    if (this.#overflowed || signal.aborted) {
      return null;
    }
    const events = this.#events;
    this.#events = [];
    this.#characters = 0;
    this.#records = 0;
    return events;
  }

  close(): void {
    this.#unfollow();
  }

  #take(event: LiveEvent): void {
    if (this.#overflowed) {
      return;
    }
    this.#records += 1;
    this.#records += event.type === "records" ? event.records.length : 0;
    this.#characters += event.type === "stored" ? 0 : event.size;
    this.#events.push(event);
    if (this.#characters > bufferCharacters || this.#records > bufferEvents) {
      this.#overflowed = true;
      this.#events = [];
    }
    this.#bell.ring();
  }
}

/** Lets one waiter go on. */
class Bell {
  #wake: (() => void) | undefined;

  ring(): void {
    this.#wake?.();
  }

  rung(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake = undefined;
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
