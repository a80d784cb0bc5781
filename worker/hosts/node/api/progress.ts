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
  id?: number | undefined;
  /** The id of the activity that this one is a part of. */
  parentId?: number | undefined;
  /** The activity is over, and need not be shown any longer. */
  completed?: boolean | undefined;
}

/**
 * Tells how far the work is: a record of the Progress stream, kept when the runbook's progress log is on.
 *
 *     progress({ activity: "Restarting", status: host, percent: (100 * done) / hosts.length });
 */
export function progress(state: Progress): void {
  const percent = state.percent === undefined ? undefined : Math.min(100, Math.max(0, state.percent));
  const details = [
    state.status,
    percent === undefined ? undefined : `${Math.floor(percent)} %`,
    state.completed ? "done" : undefined,
  ];
  const told = details.filter((detail) => detail !== undefined && detail !== "").join(", ");
  runtime().emitProgress(told === "" ? state.activity : `${state.activity}: ${told}`, { ...state, percent });
}
