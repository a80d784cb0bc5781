import type { JournalItem } from "../contract/journal.ts";
import type { AttemptEnd, FinalEnd } from "../contract/link/records-frames.ts";
import type { StreamRecord } from "../contract/stream.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { RecordsPeer } from "../workers/connected-worker.ts";

/** What a worker sent of an attempt at one moment, until it is answered. */
export interface ReceivedFrame {
  peer: RecordsPeer;
  records: StreamRecord[];
  journal: JournalItem[];
  ended: AttemptEnd | null;
  bytes: number;
  /** Live readers were told of it. */
  isTold: boolean;
}

export interface AttemptFrames {
  assigned: AssignedAttempt;
  /** In the order of their numbers. */
  frames: ReceivedFrame[];
}

export function bytesOf(frames: readonly ReceivedFrame[]): number {
  return frames.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function itemsOf(frames: readonly ReceivedFrame[]): JournalItem[] {
  return frames.flatMap(({ journal }) => journal);
}

export function endOf(frames: readonly ReceivedFrame[]): AttemptEnd | null {
  return frames.find((frame) => frame.ended !== null)?.ended ?? null;
}

/** The end behind which nothing more comes of the attempt's job: any but that it waits. */
export function finalEndOf(frames: readonly ReceivedFrame[]): FinalEnd | null {
  const end = endOf(frames);
  return end !== null && isFinal(end) ? end : null;
}

/** Whether something of the attempt is to be stored behind its records: its journal, or that it waits. */
export function wantsMore(frames: readonly ReceivedFrame[]): boolean {
  return frames.some(({ journal, ended }) => journal.length > 0 || ended?.outcome === "Suspended");
}

export function isFinal(end: AttemptEnd): end is FinalEnd {
  return end.outcome !== "Suspended";
}
