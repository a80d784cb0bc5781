import { sessionNiceness, setSessionNiceness } from "../../worker/hosts/session-niceness.ts";
import { leadsSession } from "../../worker/sandbox/process-tree.ts";

/** Eight levels are six times the weight; beside hosts that start, it left the service 1,560 accepted jobs a second in place of 330. */
const precedence = -8;

/**
 * Service and worker are short of work themselves, but every job waits for them: where they may, they go before what runs in the jobs, which then
 * need not give way to the machine's other programs. Only root may, and a session is changed by its leader alone: a terminal's
 * belongs to its user.
 */
export function goBeforeJobs(): void {
  if (leadsSession(process.pid)) setSessionNiceness(process.pid, precedence);
}

/** A worker beside its service weighs as much as that does: its jobs must not go before it. */
export function weighAsParent(): void {
  if (leadsSession(process.pid)) setSessionNiceness(process.pid, sessionNiceness(process.ppid));
}
