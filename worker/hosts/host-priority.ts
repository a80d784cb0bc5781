import { readdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { processTree } from "../sandbox/process-tree.ts";

/*
 * Where the processor is short, a host that nobody waits for gives way to all else, and a running script gives way to
 * the service and the worker: their heartbeats and other jobs' records come first.
 *
 * Linux weighs processes twice: each thread by its own niceness, and, outside control groups, each session by that of
 * its autogroup (sched(7)). A host is a session of its own, so without the second a script on two cores weighs as much
 * as the whole service.
 */

const idleNiceness = 12;
const runningNiceness = 8;

/** Only root may take a niceness back. */
export const mayChangePriority = process.getuid?.() === 0;

/** To be called as soon as the host's first process is there; what it starts inherits it. */
export function lowerPriority(processId: number, wanted: "idle" | "running"): void {
  const niceness = wanted === "idle" ? idleNiceness : runningNiceness;
  try {
    setPriority(processId, niceness);
    writeFileSync(`/proc/${processId}/autogroup`, String(niceness));
  } catch {
    // Gone already, or a kernel without autogroups.
  }
}

/** For an idle host that is ready: from now on it may be given a job. Each thread took its niceness from its maker. */
export function raisePriority(processId: number): void {
  for (const member of processTree(processId)) {
    try {
      for (const thread of readdirSync(`/proc/${member}/task`)) setPriority(Number(thread), runningNiceness);
    } catch {
      // Gone meanwhile.
    }
  }
  try {
    writeFileSync(`/proc/${processId}/autogroup`, String(runningNiceness));
  } catch {
    // Gone already, or a kernel without autogroups.
  }
}
