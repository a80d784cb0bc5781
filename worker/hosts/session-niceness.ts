import { readFileSync, writeFileSync } from "node:fs";

/*
 * Linux weighs a session's processes together, by the niceness of its autogroup (sched(7)), before it weighs them among
 * themselves. Not in control groups with processor shares of their own, and not in kernels without autogroups.
 */

/** Of the session that a process is in; 0 where there are no autogroups. */
export function sessionNiceness(processId: number): number {
  try {
    return Number(/ nice (-?\d+)/.exec(readFileSync(`/proc/${processId}/autogroup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Of the session that a process is in; nothing happens where that is not possible. */
export function setSessionNiceness(processId: number, niceness: number): void {
  try {
    writeFileSync(`/proc/${processId}/autogroup`, String(niceness));
  } catch {
    // Gone meanwhile, not allowed, or a kernel without autogroups.
  }
}
