import type { Logger } from "../contract/logger.ts";
import type { AppendedBatch } from "../store/operations/streams.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";
import type { LiveHub } from "./live-hub.ts";
import type { AttemptFrames } from "./received-frame.ts";

/** Tells workers, and live readers, what became of frames. */
export class FrameAnswers {
  readonly #hub: LiveHub;
  readonly #logger: Logger;
  readonly #onRecords: (count: number) => void;

  constructor(options: { hub: LiveHub; logger: Logger; onRecords: (count: number) => void }) {
    this.#hub = options.hub;
    this.#logger = options.logger;
    this.#onRecords = options.onRecords;
  }

  answer(batch: AppendedBatch, { frames }: AttemptFrames): void {
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
}
