import type { AttemptEnd, FinalEnd } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import { DatabaseError } from "../store/database-error.ts";
import type { AssignedAttempt, JobEffects } from "../store/operations/jobs.ts";
import type { AppendedBatch, AttemptProgress, RecordBatch } from "../store/operations/streams.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { FrameAnswers } from "./frame-answers.ts";
import type { JobJournal } from "./job-journal.ts";
import type { LiveHub } from "./live-hub.ts";
import type { AttemptFrames, ReceivedFrame } from "./received-frame.ts";
import { endOf, finalEndOf, isFinal, itemsOf, wantsMore } from "./received-frame.ts";
import { toColumns } from "./record-columns.ts";
import type { SuspendingStore } from "./suspend-attempt.ts";
import { suspendAttempt } from "./suspend-attempt.ts";
import type { TakenFrames } from "./waiting-frames.ts";

export interface FrameStorageOptions {
  store: {
    read: SuspendingStore["read"];
    write: SuspendingStore["write"] & Pick<Store["write"], "appendRecords" | "endAttempt">;
  };
  /** Null where nothing can be sealed: then nothing is kept. */
  journal: Pick<JobJournal, "keep"> | null;
  hub: Pick<LiveHub, "hasReaders">;
  answers: FrameAnswers;
  logger: Logger;
  clock: Clock;
  onEffects(effects: JobEffects): void;
  /** The store takes nothing for now: it is to be tried again. */
  onUnstored(taken: TakenFrames): void;
}

/** An attempt that is over or suspended, and what that did to other jobs. */
interface EndedBatch {
  batch: AppendedBatch;
  effects: JobEffects;
}

/**
 * Stores what one write takes, and has it answered.
 *
 * What an attempt wants kept in its job's journal is stored after the records that came before it, and then its suspension or its end;
 * each is stored once however often it is told, so a crash in between is mended by the worker's telling it again.
 *
 * When it cannot be stored together, each attempt is stored alone, and the one whose data it is ends: it holds up no other. What the
 * database does not carry out for another reason is tried again: of those there are more than anybody knows, and no job is to blame.
 */
export class FrameStorage {
  readonly #options: FrameStorageOptions;

  constructor(options: FrameStorageOptions) {
    this.#options = options;
  }

  /** Never rejects: what the store does not take for now is given to `onUnstored`. */
  async store(taken: TakenFrames): Promise<void> {
    try {
      await this.#storeTogether(taken);
    } catch (error) {
      if (error instanceof UserError) {
        this.#storeLater(error, taken);
      } else {
        await this.#storeEach(taken);
      }
    }
  }

  async #storeTogether({ progress, sent }: TakenFrames): Promise<void> {
    const { answers, onEffects } = this.#options;
    const { batches, effects } = await this.#append(
      progress,
      sent.map(({ assigned, frames }) => ({
        ...assigned,
        records: toColumns(frames),
        // With the end nothing more is taken of the attempt.
        ended: this.#keepsJournalOf(frames) ? null : finalEndOf(frames),
      })),
    );
    const kept: [AppendedBatch, AttemptFrames][] = [];
    for (const [index, batch] of batches.entries()) {
      const of = sent[index];
      if (of !== undefined && batch.outcome === "stored" && !batch.ended && wantsMore(of.frames)) {
        kept.push([batch, of]);
      } else if (of !== undefined) {
        answers.answer(batch, of);
      }
    }
    onEffects(effects);
    for (const [batch, of] of kept) {
      await this.#storeMore(batch, of);
    }
  }

  #append(
    progress: AttemptProgress[],
    batches: RecordBatch[],
  ): Promise<{ batches: AppendedBatch[]; effects: JobEffects }> {
    const { store, hub } = this.#options;
    const awaited = batches.flatMap(({ jobId, ended }) => (ended !== null && hub.hasReaders(jobId) ? [jobId] : []));
    return store.write.appendRecords({ progress, batches, awaited });
  }

  #keepsJournalOf(frames: readonly ReceivedFrame[]): boolean {
    return this.#options.journal !== null && frames.some(({ journal }) => journal.length > 0);
  }

  /** What belongs to an attempt behind its records: its journal, and then that it waits, or its end. */
  async #storeMore(batch: AppendedBatch, of: AttemptFrames): Promise<void> {
    const { journal, answers, onEffects } = this.#options;
    const { assigned, frames } = of;
    const items = itemsOf(frames);
    try {
      if (items.length > 0 && (await journal?.keep(assigned, items)) !== "stored") {
        answers.answer({ ...batch, outcome: "refused" }, of);
        return;
      }
      const end = endOf(frames);
      if (end === null) {
        answers.answer(batch, of);
        return;
      }
      const ended = isFinal(end) ? await this.#end(batch, assigned, end) : await this.#suspend(batch, assigned, end);
      answers.answer(ended.batch, of);
      onEffects(ended.effects);
    } catch (error) {
      await this.#unstored(error, of);
    }
  }

  async #end(batch: AppendedBatch, assigned: AssignedAttempt, end: FinalEnd): Promise<EndedBatch> {
    const { batches, effects } = await this.#append([], [{ ...assigned, records: toColumns([]), ended: end }]);
    return { batch: batches[0] ?? batch, effects };
  }

  async #suspend(batch: AppendedBatch, assigned: AssignedAttempt, end: AttemptEnd): Promise<EndedBatch> {
    const { outcome, effects } = await suspendAttempt(this.#options.store, assigned, end);
    return { batch: outcome === "suspended" ? { ...batch, ended: true } : { ...batch, outcome: "refused" }, effects };
  }

  /** What could not be stored together, each attempt alone. */
  async #storeEach({ progress, sent }: TakenFrames): Promise<void> {
    for (const step of progress) {
      const alone = { progress: [step], sent: [] };
      try {
        await this.#storeTogether(alone);
      } catch (error) {
        if (isOfData(error)) {
          this.#logUnstorableProgress(step, error);
        } else {
          this.#storeLater(error, alone);
        }
      }
    }
    for (const of of sent) {
      try {
        await this.#storeTogether({ progress: [], sent: [of] });
      } catch (error) {
        await this.#unstored(error, of);
      }
    }
  }

  async #unstored(error: unknown, of: AttemptFrames): Promise<void> {
    if (isOfData(error)) {
      await this.#endUnstorable(of, error);
    } else {
      this.#storeLater(error, { progress: [], sent: [of] });
    }
  }

  /** Ends an attempt whose data no store takes, so that nobody waits for it. */
  async #endUnstorable(of: AttemptFrames, error: unknown): Promise<void> {
    const { store, answers, logger, clock, onEffects } = this.#options;
    const { jobId, attempt, workerId } = of.assigned;
    logger.error("what an attempt sent cannot be stored; it is ended", { jobId, attempt, error: String(error) });
    const message = `what it sent cannot be stored: ${String(error).slice(0, 1_000)}`;
    const end: FinalEnd = {
      outcome: "Failed",
      reason: "worker-error",
      exception: { name: "UnstorableData", message },
      endedAt: Math.round(clock.now()),
    };
    try {
      onEffects(await store.write.endAttempt({ jobId, attempt, workerId, end }));
    } catch (failure) {
      // Not even that: it is the store, not the data.
      this.#storeLater(failure, { progress: [], sent: [of] });
      return;
    }
    answers.answer({ jobId, attempt, outcome: "refused", number: 0, ended: false }, of);
  }

  #storeLater(error: unknown, taken: TakenFrames): void {
    this.#options.logger.error("records could not be stored; tried again", { error: String(error) });
    this.#options.onUnstored(taken);
  }

  #logUnstorableProgress({ jobId }: AttemptProgress, error: unknown): void {
    this.#options.logger.error("a job's progress could not be stored", { jobId, error: String(error) });
  }
}

/** Whether the same data would fail again: the database refuses its values, or what failed is no matter of the database. */
function isOfData(error: unknown): boolean {
  return error instanceof DatabaseError ? error.refusesValues : !(error instanceof UserError);
}
