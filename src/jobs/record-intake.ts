import type { JournalItem } from "../contract/journal.ts";
import type { AppendFrame, AttemptEnd, AttemptTimes, FinalEnd } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { recordBatchBytes, workerRecordCredit } from "../contract/session-limits.ts";
import type { StreamRecord } from "../contract/stream.ts";
import { streamNames } from "../contract/stream.ts";
import { UserError } from "../contract/user-error.ts";
import type { AssignedAttempt, JobEffects } from "../store/operations/jobs.ts";
import type { AppendedBatch, AttemptProgress, RecordBatch, RecordColumns } from "../store/operations/streams.ts";
import { recordFlags } from "../store/operations/streams.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";
import { boundDepth } from "./bounded-frame.ts";
import { suspendedByFailure } from "./failed-calls.ts";
import type { JobJournal } from "./job-journal.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempt, RunningAttempts } from "./running-attempts.ts";
import { openWaits, suspensionReason } from "./suspension-reason.ts";

/*
 * The way of a record: frame → live readers, at once → the store, with everything that came while the last commit ran →
 * acknowledged. One write is under way at a time; what arrives meanwhile is the next one. There is no timer.
 *
 * What an attempt wants kept in its job's journal is stored after the records that came before it, and so is its suspension; each is
 * stored once however often it is told, so a crash in between is mended by the worker's telling it again.
 *
 * Memory is bounded by the credit of the workers: who sends more than it may without acknowledgement is cut off.
 * When the disk fails, nothing is acknowledged and the same is tried again; the workers' credit then stops the scripts.
 * When what came cannot be stored, each attempt is stored alone, and the one whose data it is ends: it holds up no other.
 *
 * A worker that connects again repeats what was not acknowledged, so what its former link brought and no write has taken yet
 * is let go then. At a stop no further frame is taken in: the next service gets it.
 */

/** One write takes at most this much, so that others get their turn; one frame always fits. */
const writeRecords = 2_000;
const writeBytes = 512 * 1024;

/** A worker counts the records only, we count the frames around them too; what is beyond that is a fault. */
const mostUnanswered = 4 * (workerRecordCredit + recordBatchBytes);

/** After a write that failed, in milliseconds. */
const retryDelay = 500;

/** A stop waits this long for what has come in to be stored, in milliseconds. */
const stopPatience = 2_000;

/** While storage is all but gone, only attempts with less than this to store go on; bytes. */
const smallBatch = 64 * 1024;

interface Frame {
  peer: RecordsPeer;
  records: StreamRecord[];
  journal: JournalItem[];
  ended: AttemptEnd | null;
  bytes: number;
  /** Live readers were told of it. */
  isTold: boolean;
}

interface Pending extends AssignedAttempt {
  /** In the order of their numbers. */
  frames: Frame[];
  bytes: number;
}

interface Sent {
  pending: AssignedAttempt;
  frames: Frame[];
}

interface IntakeStore {
  read: Pick<Store["read"], "job" | "jobSteps">;
  write: Pick<Store["write"], "appendRecords" | "endAttempt" | "suspendAttempt">;
}

export class RecordIntake {
  readonly #store: IntakeStore;
  readonly #journal: Pick<JobJournal, "keep"> | null;
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
  /** By worker, the link that its frames come by now. */
  readonly #peers = new Map<string, RecordsPeer>();
  #progress = new Map<string, AttemptProgress>();
  #writing: Promise<void> | null = null;
  #soon: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopping = false;
  #closed = false;

  constructor(options: {
    store: IntakeStore;
    /** Null where nothing can be sealed: then nothing is kept. */
    journal: Pick<JobJournal, "keep"> | null;
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
    this.#journal = options.journal;
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
    if (this.#stopping) {
      return { freed: null };
    }
    this.#noteLink(peer);
    peer.unanswered += bytes;
    if (peer.unanswered > mostUnanswered) {
      peer.refuse("more records than the credit allows");
      return { freed: null };
    }
    boundDepth(frame);
    const assigned = { jobId: frame.jobId, attempt: frame.attempt, workerId: peer.workerId };
    const current = this.#attempts.current(assigned);
    const earliest = current?.claimedAt ?? 0;
    const now = this.#clock.now();
    if (frame.times !== undefined) {
      this.#noteTimes(assigned, frame.times, earliest, now);
    }
    for (const record of frame.records) {
      record.time = possibleTime(record.time, earliest, now);
    }
    const ended =
      frame.ended === undefined ? null : { ...frame.ended, endedAt: possibleTime(frame.ended.endedAt, earliest, now) };

    const isTold = current !== undefined && follows(current, frame.records);
    if (isTold) {
      this.#tell(assigned, frame.records, bytes);
    }
    const { records, journal = [] } = frame;
    this.#keep(assigned, { peer, records, journal, ended, bytes, isTold });
    const freed = ended !== null && current !== undefined && this.#attempts.remove(frame.jobId, frame.attempt);
    if (ended === null) {
      this.#writeSoon();
    } else {
      // Before whatever the free slot is used for.
      this.#write();
    }
    return { freed: freed ? peer.workerId : null };
  }

  #noteTimes(assigned: AssignedAttempt, times: AttemptTimes, earliest: number, now: number): void {
    this.#progress.set(keyOf(assigned), {
      ...assigned,
      hostReadyAt: possibleTime(times.hostReadyAt, earliest, now),
      runningAt: possibleTime(times.runningAt, earliest, now),
    });
  }

  /** Takes no further records in, and resolves when those that came are stored, cannot be for now, or take too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearImmediate(this.#soon);
    this.#write();
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(() => patience.resolve(), stopPatience);
    const until = performance.now() + stopPatience;
    while (this.#writing !== null && performance.now() < until) {
      await Promise.race([this.#writing, patience.promise]);
    }
    clearTimeout(timer);
    clearTimeout(this.#retry);
    this.#closed = true;
  }

  /** A worker has connected again: it repeats what its former link brought, so that is not kept twice. */
  #noteLink(peer: RecordsPeer): void {
    const former = this.#peers.get(peer.workerId);
    if (former === peer) {
      return;
    }
    this.#peers.set(peer.workerId, peer);
    if (former !== undefined) {
      for (const pending of [...this.#pending.values()]) {
        if (this.#dropFormer(pending)) {
          this.#hub.discarded(pending.jobId, pending.attempt);
        }
      }
    }
  }

  /** Lets go of the frames of an attempt that came by a former link of its worker. Says whether there were some. */
  #dropFormer(pending: Pending): boolean {
    const frames = pending.frames.filter(({ peer }) => this.#peers.get(peer.workerId) === peer);
    if (frames.length === pending.frames.length) {
      return false;
    }
    pending.frames = frames;
    pending.bytes = bytesOf(frames);
    if (frames.length === 0) {
      this.#pending.delete(keyOf(pending));
    }
    return true;
  }

  #tell(assigned: AssignedAttempt, records: StreamRecord[], size: number): void {
    const { jobId, attempt } = assigned;
    const last = records.at(-1);
    if (last !== undefined) {
      this.#attempts.noteTold(assigned, last.number);
      this.#hub.records(jobId, attempt, records, size);
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

  /** After live readers have been served, with what else has come by then. */
  #writeSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#write();
    });
  }

  #write(): void {
    if (this.#writing === null && this.#retry === undefined && !this.#closed) {
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
      pending.bytes -= bytesOf(frames);
      if (pending.frames.length === 0) {
        this.#pending.delete(key);
      }
      sent.push({ pending, frames });
    }
    return sent;
  }

  async #storeAll(progress: AttemptProgress[], sent: Sent[]): Promise<void> {
    try {
      await this.#storeTogether(progress, sent);
    } catch (error) {
      if (error instanceof UserError) {
        this.#storeLater(error, progress, sent);
      } else {
        await this.#storeEach(progress, sent);
      }
    }
  }

  async #storeTogether(progress: AttemptProgress[], sent: Sent[]): Promise<void> {
    for (const { pending, frames } of sent) {
      const items = itemsOf(frames);
      // With the end nothing more is taken of the attempt.
      if (items.length > 0 && finalEndOf(frames) !== null) {
        const { jobId, attempt, workerId } = pending;
        await this.#journal?.keep({ jobId, attempt, workerId }, items);
      }
    }
    const { batches, effects } = await this.#store.write.appendRecords({
      progress,
      batches: sent.map(toBatch),
      awaited: sent.flatMap(({ pending: { jobId }, frames }) =>
        finalEndOf(frames) !== null && this.#hub.hasReaders(jobId) ? [jobId] : [],
      ),
    });
    const kept: [AppendedBatch, Sent][] = [];
    for (const [index, batch] of batches.entries()) {
      const of = sent[index];
      if (of !== undefined && batch.outcome === "stored" && !batch.ended && wantsMore(of)) {
        kept.push([batch, of]);
      } else if (of !== undefined) {
        this.#answer(batch, of);
      }
    }
    this.#onEffects(effects);
    for (const [batch, of] of kept) {
      await this.#keepMore(batch, of);
    }
  }

  /** What belongs to an attempt behind its records: its journal, and that it waits. */
  async #keepMore(batch: AppendedBatch, of: Sent): Promise<void> {
    const { jobId, attempt, workerId } = of.pending;
    const assigned = { jobId, attempt, workerId };
    const items = itemsOf(of.frames);
    const end = endOf(of.frames);
    try {
      if (items.length > 0 && (await this.#journal?.keep(assigned, items)) !== "stored") {
        this.#answer({ ...batch, outcome: "refused" }, of);
        return;
      }
      if (end?.outcome !== "Suspended") {
        this.#answer(batch, of);
        return;
      }
      const { exception = null, endedAt } = end;
      const reason = exception === null ? await this.#reasonOf(jobId) : `${suspendedByFailure}${exception.message}`;
      const suspended = await this.#store.write.suspendAttempt({ ...assigned, reason, exception, endedAt });
      this.#answer(
        suspended.outcome === "suspended" ? { ...batch, ended: true } : { ...batch, outcome: "refused" },
        of,
      );
      this.#onEffects(suspended.effects);
    } catch (error) {
      if (error instanceof UserError) {
        this.#storeLater(error, [], [of]);
      } else {
        await this.#endUnstorable(of, error);
      }
    }
  }

  async #reasonOf(jobId: string): Promise<string> {
    const { read } = this.#store;
    const [job, steps] = await Promise.all([read.job({ jobId }), read.jobSteps({ jobId, all: false })]);
    return suspensionReason(job, openWaits(steps));
  }

  /** What could not be stored together, each attempt alone. */
  async #storeEach(progress: AttemptProgress[], sent: Sent[]): Promise<void> {
    for (const step of progress) {
      try {
        await this.#storeTogether([step], []);
      } catch (error) {
        if (error instanceof UserError) {
          this.#storeLater(error, [step], []);
        } else {
          this.#logger.error("a job's progress could not be stored", { jobId: step.jobId, error: String(error) });
        }
      }
    }
    for (const one of sent) {
      try {
        await this.#storeTogether([], [one]);
      } catch (error) {
        if (error instanceof UserError) {
          this.#storeLater(error, [], [one]);
        } else {
          await this.#endUnstorable(one, error);
        }
      }
    }
  }

  /** Ends an attempt whose data no store takes, so that nobody waits for it. */
  async #endUnstorable(one: Sent, error: unknown): Promise<void> {
    const { jobId, attempt, workerId } = one.pending;
    this.#logger.error("what an attempt sent cannot be stored; it is ended", { jobId, attempt, error: String(error) });
    const message = `what it sent cannot be stored: ${String(error).slice(0, 1_000)}`;
    const end: FinalEnd = {
      outcome: "Failed",
      reason: "worker-error",
      exception: { name: "UnstorableData", message },
      endedAt: Math.round(this.#clock.now()),
    };
    try {
      this.#onEffects(await this.#store.write.endAttempt({ jobId, attempt, workerId, end }));
    } catch (failure) {
      // Not even that: it is the store, not the data.
      this.#storeLater(failure, [], [one]);
      return;
    }
    this.#answer({ jobId, attempt, outcome: "refused", number: 0, ended: false }, one);
  }

  #storeLater(error: unknown, progress: AttemptProgress[], sent: Sent[]): void {
    this.#logger.error("records could not be stored; tried again", { error: String(error) });
    this.#putBack(progress, sent);
    this.#tryLater();
  }

  #answer(batch: AppendedBatch, { frames }: Sent): void {
    const { jobId, attempt, number } = batch;
    const peers = new Set<RecordsPeer>();
    let records = 0;
    let journal = 0;
    for (const frame of frames) {
      journal = frame.journal.at(-1)?.sequence ?? journal;
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
        peer.send({ type: "acknowledged", jobId, attempt, number, journal, ended: batch.ended });
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
      this.#progress.set(key, this.#progress.get(key) ?? step);
    }
    const later = [...this.#pending.entries()];
    this.#pending.clear();
    for (const { pending, frames } of sent) {
      this.#pending.set(keyOf(pending), {
        jobId: pending.jobId,
        attempt: pending.attempt,
        workerId: pending.workerId,
        frames,
        bytes: bytesOf(frames),
      });
    }
    for (const [, pending] of later) {
      for (const frame of pending.frames) {
        this.#keep(pending, frame);
      }
    }
    for (const pending of [...this.#pending.values()]) {
      this.#dropFormer(pending);
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

function bytesOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, { bytes }) => sum + bytes, 0);
}

const streamIndexes = new Map(streamNames.map((name, index) => [name, index]));

function toBatch({ pending: { jobId, attempt, workerId }, frames }: Sent): RecordBatch {
  return {
    jobId,
    attempt,
    workerId,
    records: toColumns(frames),
    ended: finalEndOf(frames),
  };
}

function itemsOf(frames: readonly Frame[]): JournalItem[] {
  return frames.flatMap(({ journal }) => journal);
}

function endOf(frames: readonly Frame[]): AttemptEnd | null {
  return frames.find((frame) => frame.ended !== null)?.ended ?? null;
}

/** The end behind which nothing more comes of the attempt's job: any but that it waits. */
function finalEndOf(frames: readonly Frame[]): FinalEnd | null {
  const end = endOf(frames);
  return end !== null && isFinal(end) ? end : null;
}

function isFinal(end: AttemptEnd): end is FinalEnd {
  return end.outcome !== "Suspended";
}

function wantsMore({ frames }: Sent): boolean {
  return frames.some(({ journal, ended }) => journal.length > 0 || ended?.outcome === "Suspended");
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
