import { readdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { processTree } from "../sandbox/process-tree.ts";

/*
 * Where the processor is short, a host that nobody waits for gives way to all else, and hosts that start for waiting jobs
 * give way to the service and the worker, which have the jobs before them to serve.
 *
 * Linux weighs processes twice: each thread by its own niceness, and, outside control groups, each session by that of
 * its autogroup (sched(7)). A host is a session of its own, so without the second a starting host on two cores weighs
 * as much as the whole service: eight of them left it 330 accepted jobs a second, with the second it was 1,560.
 */

/** How a host starts: for the pool, giving way to all else; or for a job that waits, skipping what pays only while idle. */
export type StartMode = "idle" | "direct";

const sessionNiceness = { idle: 12, direct: 8, running: 2 } as const;
const idleThreadNiceness = 10;

/** Only root may take a niceness back. */
const mayRaise = process.getuid?.() === 0;

/** To be called as soon as the first process of a starting host is there; what it starts inherits it. */
export function lowerPriority(processId: number, mode: StartMode): void {
  if (!mayRaise) return;
  if (mode === "idle") setThreadNiceness([processId], idleThreadNiceness);
  setSessionNiceness(processId, sessionNiceness[mode]);
}

/** For a host that is ready, or that a job waits for by now. Each of its threads took its niceness from its maker. */
export function raisePriority(processId: number, mode: StartMode): void {
  if (!mayRaise) return;
  if (mode === "idle") setThreadNiceness(processTree(processId), 0);
  setSessionNiceness(processId, sessionNiceness.running);
}

function setThreadNiceness(processIds: readonly number[], niceness: number): void {
  for (const processId of processIds) {
    try {
      for (const thread of readdirSync(`/proc/${processId}/task`)) setPriority(Number(thread), niceness);
    } catch {
      // Gone meanwhile.
    }
  }
}

function setSessionNiceness(processId: number, niceness: number): void {
  try {
    writeFileSync(`/proc/${processId}/autogroup`, String(niceness));
  } catch {
    // Gone meanwhile, or a kernel without autogroups.
  }
}
