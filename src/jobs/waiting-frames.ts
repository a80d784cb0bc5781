import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { AttemptProgress } from "../store/operations/streams.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";
import type { AttemptFrames, ReceivedFrame } from "./received-frame.ts";
import { bytesOf } from "./received-frame.ts";

/** What one write takes. */
export interface TakenFrames {
  progress: AttemptProgress[];
  sent: AttemptFrames[];
}

/** One write takes at most this much, so that others get their turn; one frame always fits. */
const writeRecords = 2_000;
const writeBytes = 512 * 1024;

/** While storage is all but gone, only attempts with less than this to store go on; bytes. */
const smallBatch = 64 * 1024;

interface WaitingAttempt extends AttemptFrames {
  bytes: number;
}

/**
 * What was received and no write has taken yet.
 *
 * A worker that connects again repeats what was not acknowledged, so what its former link brought is let go then.
 */
export class WaitingFrames {
  /** By attempt, in the order of their first frame. */
  readonly #attempts = new Map<string, WaitingAttempt>();
  readonly #progress = new Map<string, AttemptProgress>();
  /** By worker, the link that its frames come by now. */
  readonly #peers = new Map<string, RecordsPeer>();

  get hasFrames(): boolean {
    return this.#attempts.size > 0;
  }

  /**
   * A frame comes by this link. What a former link of its worker brought is not kept twice.
   * @returns the attempts of which frames were let go
   */
  noteLink(peer: RecordsPeer): AssignedAttempt[] {
    const former = this.#peers.get(peer.workerId);
    if (former === peer) {
      return [];
    }
    this.#peers.set(peer.workerId, peer);
    return former === undefined ? [] : this.#dropFormer();
  }

  noteProgress(progress: AttemptProgress): void {
    this.#progress.set(keyOf(progress), progress);
  }

  keep(assigned: AssignedAttempt, frame: ReceivedFrame): void {
    const key = keyOf(assigned);
    const waiting = this.#attempts.get(key);
    if (waiting === undefined) {
      this.#attempts.set(key, { assigned, frames: [frame], bytes: frame.bytes });
    } else {
      waiting.frames.push(frame);
      waiting.bytes += frame.bytes;
    }
  }

  /** @param critical storage is all but gone: what has much to store waits */
  take(critical: boolean): TakenFrames {
    const progress = [...this.#progress.values()];
    this.#progress.clear();
    return { progress, sent: this.#takeFrames(critical) };
  }

  /** It could not be stored: it comes before what was received since. */
  putBack({ progress, sent }: TakenFrames): void {
    for (const step of progress) {
      const key = keyOf(step);
      this.#progress.set(key, this.#progress.get(key) ?? step);
    }
    const later = [...this.#attempts.values()];
    this.#attempts.clear();
    for (const { assigned, frames } of sent) {
      this.#attempts.set(keyOf(assigned), { assigned, frames, bytes: bytesOf(frames) });
    }
    for (const { assigned, frames } of later) {
      for (const frame of frames) {
        this.keep(assigned, frame);
      }
    }
    this.#dropFormer();
  }

  #takeFrames(critical: boolean): AttemptFrames[] {
    const sent: AttemptFrames[] = [];
    let records = 0;
    let bytes = 0;
    for (const [key, waiting] of this.#attempts) {
      if (records >= writeRecords || bytes >= writeBytes) {
        break;
      }
      if (critical && waiting.bytes > smallBatch) {
        continue;
      }
      let count = 0;
      while (count < waiting.frames.length && records < writeRecords && bytes < writeBytes) {
        const frame = waiting.frames[count];
        records += frame?.records.length ?? 0;
        bytes += frame?.bytes ?? 0;
        count += 1;
      }
      const frames = waiting.frames.splice(0, count);
      waiting.bytes -= bytesOf(frames);
      if (waiting.frames.length === 0) {
        this.#attempts.delete(key);
      }
      sent.push({ assigned: waiting.assigned, frames });
    }
    return sent;
  }

  /** Lets go of the frames that came by former links. */
  #dropFormer(): AssignedAttempt[] {
    const dropped: AssignedAttempt[] = [];
    for (const [key, waiting] of this.#attempts) {
      const frames = waiting.frames.filter(({ peer }) => this.#peers.get(peer.workerId) === peer);
      if (frames.length < waiting.frames.length) {
        dropped.push(waiting.assigned);
        waiting.frames = frames;
        waiting.bytes = bytesOf(frames);
        if (frames.length === 0) {
          this.#attempts.delete(key);
        }
      }
    }
    return dropped;
  }
}

function keyOf({ jobId, attempt, workerId }: AssignedAttempt): string {
  return `${jobId} ${attempt} ${workerId}`;
}
