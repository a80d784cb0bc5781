import { runtime } from "./runtime.ts";

/** How far a piece of work is. */
export interface Progress {
  /** What is being done, such as "Copying files". */
  activity: string;
  /** Where it is now, such as "file 3 of 8". */
  status?: string | undefined;
  /** How much is done, from 0 to 100. */
  percent?: number | undefined;
  /** How long it will still take, in seconds. */
  secondsRemaining?: number | undefined;
  /** Tells several activities apart; 0 unless given. */
  activityId?: number | undefined;
  /** The activity that this one is a part of. */
  parentActivityId?: number | undefined;
  /** The activity is over, and need not be shown any longer. */
  completed?: boolean | undefined;
}

/**
 * Tells how far the work is: a record of the Progress stream, kept when the runbook's progress log is on. It may be called
 * as often as is convenient: of each activity, ten records a second are kept, and always the last.
 *
 *     progress({ activity: "Restarting", status: host, percent: (100 * done) / hosts.length });
 */
export function progress(state: Progress): void {
  const { activity, status = "", activityId = 0, completed = false } = state;
  const percent = state.percent === undefined ? undefined : Math.min(100, Math.max(0, state.percent));
  const text = [
    status === "" ? activity : `${activity}: ${status}`,
    percent === undefined ? "" : ` (${Math.floor(percent)} %)`,
    completed ? " (completed)" : "",
  ].join("");
  runtime().emitProgress({ text, value: { ...state, activityId, status, percent, completed } });
}
