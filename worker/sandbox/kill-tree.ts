import { readFileSync, statSync } from "node:fs";
import {
  childProcesses,
  isAlive,
  killProcess,
  processesWhere,
  processStartTime,
  userNamespaceOf,
} from "./process-tree.ts";
import type { ProcessIdentity } from "./sandbox.ts";

/** Passes over /proc after which a tree that forks faster than it is killed is left to the next call. */
const maximalPasses = 50;

/**
 * Ends every process that an identity names. Used by the worker and, with nothing else left of it, by its guard.
 * The last named process is killed first: where it is the first process of a process namespace, the kernel ends all others
 * in it, and the outer one then ends by itself with the truth about it.
 */
export function killTree(identity: ProcessIdentity): void {
  const inner = identity.processes.at(-1);
  if (inner !== undefined && processStartTime(inner.processId) === inner.startTime) {
    if (identity.processes.length > 1) killProcess(inner.processId);
    else killStarting(inner.processId);
  }
  killStragglers(identity);
}

/**
 * A sandbox that is still starting: its first process inside is not known yet, and would outlive an outer one that dies before
 * they are tied to each other. It either is a child already, or belongs to the outer one's process group still.
 */
function killStarting(outer: number): void {
  const children = childProcesses(outer);
  killProcess(-outer);
  for (const child of children) killProcess(child);
}

/**
 * Ends what no process namespace holds together: found by its user namespace, which a process cannot leave, by its account, or
 * by an entry of its environment, which it inherits unless it is out to hide.
 *
 * @returns whether none is left
 */
export function killStragglers(identity: ProcessIdentity): boolean {
  const { userNamespace, userId, environment } = identity;
  if (userNamespace === null && userId === null && environment === null) return true;
  const belongs = (processId: number): boolean =>
    ((userNamespace !== null && userNamespaceOf(processId) === userNamespace) ||
      (userId !== null && userOf(processId) === userId) ||
      (environment !== null && environmentOf(processId).includes(environment))) &&
    isAlive(processId);
  for (let pass = 0; pass < maximalPasses; pass++) {
    const found = processesWhere(belongs);
    if (found.length === 0) return true;
    for (const processId of found) killProcess(processId);
  }
  return false;
}

/** Empty where it is not ours to read. */
function environmentOf(processId: number): string[] {
  try {
    return readFileSync(`/proc/${processId}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function userOf(processId: number): number | null {
  try {
    return statSync(`/proc/${processId}`).uid;
  } catch {
    return null;
  }
}
