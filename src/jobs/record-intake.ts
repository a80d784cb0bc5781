import type { JobProgressFrame } from "../contract/link/control-frames.ts";
import type { AppendFrame, AttemptEnd } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { recordBatchBytes, workerRecordCredit } from "../contract/session-limits.ts";
import type { StreamRecord } from "../contract/stream.ts";
import { streamNames } from "../contract/stream.ts";
import type { AssignedAttempt, JobEffects } from "../store/operations/jobs.ts";
import type { AppendedBatch, AttemptProgress, RecordBatch, RecordColumns } from "../store/operations/streams.ts";
import { recordFlags } from "../store/operations/streams.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempt, RunningAttempts } from "./running-attempts.ts";

/*
 * The way of a record: frame → live readers, at once → the store, with everything that came while the last commit ran →
 * acknowledged. One write is under way at a time; what arrives meanwhile is the next one. There is no timer.
 *
 * Memory is bounded by the credit of the workers: who sends more than it may without acknowledgement is cut off.
 * When the store fails, nothing is acknowledged and the same is tried again; the workers' credit then stops the scripts.
 */

/** One write takes at most this much, so that others get their turn; one frame always fits. */
const writeRecords = 2_000;
const writeBytes = 512 * 1024;

/** A worker counts the records only, we count the frames around them too; what is beyond that is a fault. */
const mostUnanswered = 4 * (workerRecordCredit + recordBatchBytes);

/** After a write that failed, in milliseconds. */
const retryDelay = 500;

/** While storage is all but gone, only attempts with less than this to store go on; bytes. */
const smallBatch = 64 * 1024;

interface Frame {
  peer: RecordsPeer;
  records: StreamRecord[];
  ended: AttemptEnd | null;
  bytes: number;
  /** Live readers were told of it. */
  isTold: boolean;
}

interface Pending extends AssignedAttempt {
  frames: Frame[];
  bytes: number;
}

interface Sent {
  pending: AssignedAttempt;
  frames: Frame[];
}

export class RecordIntake {
  readonly #store: Pick<Store, "write">;
  readonly #hub: LiveHub;
  readonly #attempts: RunningAttempts;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #isStorageCritical: () => boolean;
  readonly #onEffects: (effects: JobEffects) => void;
  readonly #onRecords: (count: number) => void;
  readonly #onFirstRecord: (jobId: string) => void;
  /** By attempt, in the order of their first frame. */
  readonly #pending = new Map<string, Pending>();
  #progress = new Map<string, AttemptProgress>();
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: {
    store: Pick<Store, "write">;
    hub: LiveHub;
    attempts: RunningAttempts;
    logger: Logger;
    clock: Clock;
    isStorageCritical: () => boolean;
    onEffects: (effects: JobEffects) => void;
    onRecords: (count: number) => void;
    /** The first record of a job's first attempt has come. */
    onFirstRecord: (jobId: string) => void;
  }) {
    this.#store = options.store;
    this.#hub = options.hub;
    this.#attempts = options.attempts;
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#isStorageCritical = options.isStorageCritical;
    this.#onEffects = options.onEffects;
    this.#onRecords = options.onRecords;
    this.#onFirstRecord = options.onFirstRecord;
  }

  /**
   * Takes a frame in and asks for its write.
   * @returns the worker's id when the attempt is over by this frame: a slot is free
   */
  received(peer: RecordsPeer, frame: AppendFrame, bytes: number): { freed: string | null } {
    peer.unanswered += bytes;
    if (peer.unanswered > mostUnanswered) {
      peer.refuse("more records than the credit allows");
      return { freed: null };
    }
    const assigned = { jobId: frame.jobId, attempt: frame.attempt, workerId: peer.workerId };
    const current = this.#attempts.current(assigned);
    const earliest = current?.claimedAt ?? 0;
    const now = this.#clock.now();
    for (const record of frame.records) {
      record.time = possibleTime(record.time, earliest, now);
    }
    const ended =
      frame.ended === undefined ? null : { ...frame.ended, endedAt: possibleTime(frame.ended.endedAt, earliest, now) };

    const isTold = current !== undefined && follows(current, frame.records);
    if (isTold) {
      this.#tell(assigned, frame.records);
    }
    this.#keep(assigned, { peer, records: frame.records, ended, bytes, isTold });
    const freed = ended !== null && current !== undefined && this.#attempts.remove(frame.jobId, frame.attempt);
    this.#write();
    return { freed: freed ? peer.workerId : null };
  }

  progressed(workerId: string, frame: JobProgressFrame): void {
    const assigned = { jobId: frame.jobId, attempt: frame.attempt, workerId };
    const earliest = this.#attempts.current(assigned)?.claimedAt ?? 0;
    const at = possibleTime(frame.at, earliest, this.#clock.now());
    const key = keyOf(assigned);
    const step = this.#progress.get(key) ?? { ...assigned, hostReadyAt: null, runningAt: null };
    this.#progress.set(key, frame.stage === "running" ? { ...step, runningAt: at } : { ...step, hostReadyAt: at });
    this.#write();
  }

  /** Resolves when everything that came in is stored, or cannot be for now. */
  async settled(): Promise<void> {
    while (this.#writing !== null) {
      await this.#writing;
    }
  }

  close(): void {
    clearTimeout(this.#retry);
  }

  #tell(assigned: AssignedAttempt, records: StreamRecord[]): void {
    const { jobId, attempt } = assigned;
    const last = records.at(-1);
    if (last !== undefined) {
      this.#attempts.noteTold(assigned, last.number);
      this.#hub.records(jobId, attempt, records);
      if (attempt === 1 && records[0]?.number === 1) {
        this.#onFirstRecord(jobId);
      }
    }
  }

  #keep(assigned: AssignedAttempt, frame: Frame): void {
    const key = keyOf(assigned);
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      this.#pending.set(key, { ...assigned, frames: [frame], bytes: frame.bytes });
    } else {
      pending.frames.push(frame);
      pending.bytes += frame.bytes;
    }
  }

  #write(): void {
    if (this.#writing === null && this.#retry === undefined) {
      const progress = [...this.#progress.values()];
      const sent = this.#take();
      if (progress.length > 0 || sent.length > 0) {
        this.#progress = new Map();
        this.#writing = this.#storeAll(progress, sent).finally(() => {
          this.#writing = null;
          this.#write();
        });
      } else if (this.#pending.size > 0) {
        this.#tryLater();
      }
    }
  }

  /** What the next write takes. */
  #take(): Sent[] {
    const sent: Sent[] = [];
    const critical = this.#isStorageCritical();
    let records = 0;
    let bytes = 0;
    for (const [key, pending] of this.#pending) {
      if (records >= writeRecords || bytes >= writeBytes) {
        break;
      }
      if (critical && pending.bytes > smallBatch) {
        continue;
      }
      let count = 0;
      while (count < pending.frames.length && records < writeRecords && bytes < writeBytes) {
        const frame = pending.frames[count];
        records += frame?.records.length ?? 0;
        bytes += frame?.bytes ?? 0;
        count += 1;
      }
      const frames = pending.frames.splice(0, count);
      pending.bytes -= frames.reduce((sum, frame) => sum + frame.bytes, 0);
      if (pending.frames.length === 0) {
        this.#pending.delete(key);
      }
      sent.push({ pending, frames });
    }
    return sent;
  }

  async #storeAll(progress: AttemptProgress[], sent: Sent[]): Promise<void> {
    try {
      const { batches, effects } = await this.#store.write.appendRecords({ progress, batches: sent.map(toBatch) });
      for (const [index, batch] of batches.entries()) {
        const of = sent[index];
        if (of !== undefined) {
          this.#answer(batch, of);
        }
      }
      this.#onEffects(effects);
    } catch (error) {
      this.#logger.error("records could not be stored; tried again", { error: String(error) });
      this.#putBack(progress, sent);
      this.#tryLater();
    }
  }

  #answer(batch: AppendedBatch, { frames }: Sent): void {
    const { jobId, attempt, number } = batch;
    const peers = new Set<RecordsPeer>();
    let records = 0;
    for (const frame of frames) {
      frame.peer.unanswered -= frame.bytes;
      peers.add(frame.peer);
      records += frame.records.length;
    }
    if (batch.outcome === "stored") {
      this.#hub.stored(jobId, attempt, number);
      this.#onRecords(records);
      if (frames.some((frame) => !frame.isTold && frame.records.length > 0)) {
        this.#hub.storedUnseen(jobId);
      }
      for (const peer of peers) {
        peer.send({ type: "acknowledged", jobId, attempt, number, ended: batch.ended });
      }
      return;
    }
    this.#hub.discarded(jobId, attempt);
    for (const peer of peers) {
      if (batch.outcome === "refused") {
        peer.send({ type: "refused", jobId, attempt });
      } else {
        this.#logger.error("records are missing before a batch; the worker repeats them", { jobId, attempt, number });
        peer.restart("records are missing; repeat what is not acknowledged");
      }
    }
  }

  #putBack(progress: AttemptProgress[], sent: Sent[]): void {
    for (const step of progress) {
      const key = keyOf(step);
      const later = this.#progress.get(key);
      this.#progress.set(key, {
        ...step,
        hostReadyAt: step.hostReadyAt ?? later?.hostReadyAt ?? null,
        runningAt: step.runningAt ?? later?.runningAt ?? null,
      });
    }
    const later = [...this.#pending.entries()];
    this.#pending.clear();
    for (const { pending, frames } of sent) {
      this.#pending.set(keyOf(pending), {
        jobId: pending.jobId,
        attempt: pending.attempt,
        workerId: pending.workerId,
        frames,
        bytes: frames.reduce((sum, frame) => sum + frame.bytes, 0),
      });
    }
    for (const [, pending] of later) {
      for (const frame of pending.frames) {
        this.#keep(pending, frame);
      }
    }
  }

  #tryLater(): void {
    if (this.#retry === undefined) {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#write();
      }, retryDelay);
      this.#retry.unref();
    }
  }
}

/** Whether readers may be told of these: what is not the current attempt's, or comes after a gap, is the store's to judge. */
function follows({ lastTold }: RunningAttempt, records: StreamRecord[]): boolean {
  const [first] = records;
  return first === undefined || lastTold === null || first.number <= lastTold + 1;
}

/** No record is older than its attempt or newer than now, whatever the clock of its machine says. Whole milliseconds. */
function possibleTime(time: number, earliest: number, now: number): number {
  return Math.round(Math.min(Math.max(time, earliest), Math.max(now, earliest)));
}

function keyOf({ jobId, attempt, workerId }: AssignedAttempt): string {
  return `${jobId} ${attempt} ${workerId}`;
}

const streamIndexes = new Map(streamNames.map((name, index) => [name, index]));

function toBatch({ pending: { jobId, attempt, workerId }, frames }: Sent): RecordBatch {
  const ended = frames.find((frame) => frame.ended !== null)?.ended ?? null;
  return { jobId, attempt, workerId, records: toColumns(frames), ended };
}

function toColumns(frames: Frame[]): RecordColumns {
  const count = frames.reduce((sum, { records }) => sum + records.length, 0);
  const columns = {
    numbers: new Float64Array(count),
    streams: new Uint8Array(count),
    times: new Float64Array(count),
    texts: new Array<string>(count),
    flags: new Uint8Array(count),
  };
  let values: (string | null)[] | undefined;
  let at = 0;
  for (const { records } of frames) {
    for (const record of records) {
      columns.numbers[at] = record.number;
      columns.streams[at] = streamIndexes.get(record.stream) ?? 0;
      columns.times[at] = record.time;
      columns.texts[at] = record.text;
      columns.flags[at] =
        (record.cut === true ? recordFlags.cut : 0) + (record.continued === true ? recordFlags.continued : 0);
      if (record.value !== undefined) {
        values ??= new Array<string | null>(count).fill(null);
        values[at] = JSON.stringify(record.value);
      }
      at += 1;
    }
  }
  return values === undefined ? columns : { ...columns, values };
}
