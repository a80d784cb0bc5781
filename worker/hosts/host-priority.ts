import { readdirSync } from "node:fs";
import { setPriority } from "node:os";
import { processTree } from "../sandbox/process-tree.ts";
import { sessionNiceness, setSessionNiceness } from "./session-niceness.ts";

/*
 * Where the processor is short, a host that nobody waits for gives way to all else, and hosts that start for waiting jobs
 * give way to the service and the worker, which have the jobs before them to serve.
 *
 * Linux weighs processes twice: each thread by its own niceness, and, outside control groups, each session by that of
 * its autogroup (sched(7)). A host is a session of its own, so without the second a starting host on two cores weighs
 * as much as the whole service: eight of them left it 330 accepted jobs a second, with the second it was 1,560.
 *
 * What counts is the distance to the worker's session, which goes before all others where it can (`cli/service/lead-session.ts`). Hosts then
 * weigh as much as other programs of the machine: eight levels below these, on a machine with other work, jobs took four times as long
 * to start as a plain process did (measured at a load of eight on two cores).
 */

/** How a host starts: for the pool, giving way to all else; or for a job that waits, skipping what pays only while idle. */
export type StartMode = "idle" | "direct";

const distance = { idle: 12, direct: 8, running: 2 } as const;
const idleThreadNiceness = 10;

/** Only root may take a niceness back. */
const mayRaise = process.getuid?.() === 0;

/** Of the worker's session, when its first host starts. */
let own: number | undefined;

/** To be called as soon as the first process of a starting host is there; what it starts inherits it. */
export function lowerPriority(processId: number, mode: StartMode): void {
  if (!mayRaise) return;
  if (mode === "idle") setThreadNiceness([processId], idleThreadNiceness);
  setSessionNiceness(processId, sessionNicenessAt(mode));
}

/** For a host that is ready, or that a job waits for by now. Each of its threads took its niceness from its maker. */
export function raisePriority(processId: number, mode: StartMode): void {
  if (!mayRaise) return;
  if (mode === "idle") setThreadNiceness(processTree(processId), 0);
  setSessionNiceness(processId, sessionNicenessAt("running"));
}

/** Never before other programs of the machine: only who serves jobs is, not what runs in them. */
function sessionNicenessAt(stage: keyof typeof distance): number {
  own ??= sessionNiceness(process.pid);
  return Math.min(19, Math.max(0, own + distance[stage]));
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
