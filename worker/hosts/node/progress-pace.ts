import type { ProgressRecord } from "./api/runtime.ts";
import { emitRecord, isRecorded } from "./records.ts";
import { flushPartialLines } from "./standard-streams.ts";

/** Least time between two records of one activity, in milliseconds. */
const interval = 100;

interface Pace {
  lastWritten: number;
  keptBack: ProgressRecord | undefined;
  timer: NodeJS.Timeout | undefined;
}

const paces = new Map<number, Pace>();

/**
 * Emits progress in a rhythm that a reader can follow: at most ten records a second for each activity. The last one
 * before an activity's end, or before the script's, is always written.
 */
export function emitProgress(record: ProgressRecord): void {
  if (!isRecorded("Progress")) return;
  const { activityId, completed } = record.value;
  const pace = paces.get(activityId) ?? {
    lastWritten: Number.NEGATIVE_INFINITY,
    keptBack: undefined,
    timer: undefined,
  };
  paces.set(activityId, pace);
  const wait = pace.lastWritten + interval - performance.now();
  if (completed) {
    flush(pace);
    paces.delete(activityId);
  } else if (wait > 0) {
    pace.keptBack = record;
    pace.timer ??= setTimeout(flush, wait, pace).unref();
    return;
  }
  pace.keptBack = record;
  flush(pace);
}

/** Emits what is kept back, before the end. */
export function flushProgress(): void {
  for (const pace of paces.values()) flush(pace);
}

/** A further script has activities of its own. */
export function forgetProgress(): void {
  paces.clear();
}

function flush(pace: Pace): void {
  clearTimeout(pace.timer);
  pace.timer = undefined;
  if (pace.keptBack === undefined) return;
  flushPartialLines();
  const { text, value } = pace.keptBack;
  pace.keptBack = undefined;
  pace.lastWritten = performance.now();
  emitRecord("Progress", text, { value, cut: false });
}
