import { runtime } from "./runtime.ts";

/*
 * When a job is suspended: when each of its branches waits for something, and no step is under way that would be done again.
 */

let branches = 1;
let waiting = 0;
let steps = 0;
let isAsked = false;

/** Called by the host when a job begins. */
export function beginSuspension(): void {
  branches = 1;
  waiting = 0;
  steps = 0;
  isAsked = false;
}

/** Somebody wants the job suspended: its branches stop before their next step. */
export function askToSuspend(): void {
  isAsked = true;
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
