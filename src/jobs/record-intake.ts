import type { AppendFrame } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { recordBatchBytes, workerRecordCredit } from "../contract/session-limits.ts";
import type { StreamRecord } from "../contract/stream.ts";
import type { AssignedAttempt, JobEffects } from "../store/operations/jobs.ts";
import type { Clock } from "../workers/clock.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";
import { boundDepth } from "./bounded-frame.ts";
import { FrameAnswers } from "./frame-answers.ts";
import type { FrameStorageOptions } from "./frame-storage.ts";
import { FrameStorage } from "./frame-storage.ts";
import type { LiveHub } from "./live-hub.ts";
import type { RunningAttempt, RunningAttempts } from "./running-attempts.ts";
import { WaitingFrames } from "./waiting-frames.ts";

/*
 * The way of a record: frame → live readers, at once → the store, with everything that came while the last commit ran →
 * acknowledged. One write is under way at a time; what arrives meanwhile is the next one. There is no timer.
 *
 *   waiting-frames   what the next write takes, and what a former link brought
 *   frame-storage    one write: records and ends, then journals, then suspensions
 *   frame-answers    acknowledged, refused, or to be repeated
 *
 * Memory is bounded by the credit of the workers: who sends more than it may without acknowledgement is cut off.
 * When the disk fails, nothing is acknowledged and the same is tried again; the workers' credit then stops the scripts.
 * At a stop no further frame is taken in: the next service gets it.
 */

/** A worker counts the records only, we count the frames around them too; what is beyond that is a fault. */
const mostUnanswered = 4 * (workerRecordCredit + recordBatchBytes);

/** After a write that failed, in milliseconds. */
const retryDelay = 500;

/** A stop waits this long for what has come in to be stored, in milliseconds. */
const stopPatience = 2_000;

export class RecordIntake {
  readonly #hub: LiveHub;
  readonly #attempts: RunningAttempts;
  readonly #clock: Clock;
  readonly #isStorageCritical: () => boolean;
  readonly #onFirstRecord: (jobId: string) => void;
  readonly #waiting = new WaitingFrames();
  readonly #storage: FrameStorage;
  #writing: Promise<void> | null = null;
  #soon: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopping = false;
  #closed = false;

  constructor(options: {
    store: FrameStorageOptions["store"];
    /** Null where nothing can be sealed: then nothing is kept. */
    journal: FrameStorageOptions["journal"];
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
    const { store, journal, hub, logger, clock, onEffects, onRecords } = options;
    this.#hub = hub;
    this.#attempts = options.attempts;
    this.#clock = clock;
    this.#isStorageCritical = options.isStorageCritical;
    this.#onFirstRecord = options.onFirstRecord;
    this.#storage = new FrameStorage({
      store,
      journal,
      hub,
      answers: new FrameAnswers({ hub, logger, onRecords }),
      logger,
      clock,
      onEffects,
      onUnstored: (taken) => {
        this.#waiting.putBack(taken);
        this.#tryLater();
      },
    });
  }

  /**
   * Takes a frame in and asks for its write.
   * @returns the worker's id when the attempt is over by this frame: a slot is free
   */
  received(peer: RecordsPeer, frame: AppendFrame, bytes: number): { freed: string | null } {
    if (this.#stopping) {
      return { freed: null };
    }
    for (const { jobId, attempt } of this.#waiting.noteLink(peer)) {
      this.#hub.discarded(jobId, attempt);
    }
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
      this.#waiting.noteProgress({
        ...assigned,
        hostReadyAt: possibleTime(frame.times.hostReadyAt, earliest, now),
        runningAt: possibleTime(frame.times.runningAt, earliest, now),
      });
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
    this.#waiting.keep(assigned, { peer, records, journal, ended, bytes, isTold });
    const freed = ended !== null && current !== undefined && this.#attempts.remove(frame.jobId, frame.attempt);
    if (ended === null) {
      this.#writeSoon();
    } else {
      // Before whatever the free slot is used for.
      this.#write();
    }
    return { freed: freed ? peer.workerId : null };
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

  /** After live readers have been served, with what else has come by then. */
  #writeSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#write();
    });
  }

  #write(): void {
    if (this.#writing === null && this.#retry === undefined && !this.#closed) {
      const taken = this.#waiting.take(this.#isStorageCritical());
      if (taken.progress.length > 0 || taken.sent.length > 0) {
        this.#writing = this.#storage.store(taken).finally(() => {
          this.#writing = null;
          this.#write();
        });
      } else if (this.#waiting.hasFrames) {
        this.#tryLater();
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
