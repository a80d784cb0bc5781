import { runtime } from "./runtime.ts";

/*
 * When a job is suspended: when each of its branches waits for something, and no step is under way that would be done again.
 */

let branches = 1;
let waiting = 0;
let steps = 0;
let isAsked = false;
/** Told when somebody wants the job suspended. */
const listeners = new Set<() => void>();

/** Called by the host when a job begins. */
export function beginSuspension(): void {
  branches = 1;
  waiting = 0;
  steps = 0;
  isAsked = false;
  listeners.clear();
}

/** Somebody wants the job suspended: its branches stop before their next step, or where they wait for another job. */
export function askToSuspend(): void {
  isAsked = true;
  for (const listener of listeners) listener();
}

/** Tells that somebody wants the job suspended, also where that was before. @returns forgets it */
export function onAskedToSuspend(listener: () => void): () => void {
  if (isAsked) listener();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isAskedToSuspend(): boolean {
  return isAsked;
}

/** The branch that calls it has nothing to do in this attempt any more; never settles. */
export function waitForNextAttempt(): Promise<never> {
  waiting++;
  suspendWhenAllWait();
  return new Promise(() => {});
}

/** Branches begin beside each other in place of the one that waits for them, or end. */
export function changeBranches(change: number): void {
  branches += change;
  suspendWhenAllWait();
}

export function changeSteps(change: number): void {
  steps += change;
  suspendWhenAllWait();
}

function suspendWhenAllWait(): void {
  if (waiting > 0 && waiting >= branches && steps === 0) runtime().suspend();
}
