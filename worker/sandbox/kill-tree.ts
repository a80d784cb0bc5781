import { statSync } from "node:fs";
import { isAlive, killProcess, processesWhere, processStartTime, userNamespaceOf } from "./process-tree.ts";
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
    // Still starting, its child is not known yet, and would wait for ever for a parent that died: both are one process group.
    killProcess(identity.processes.length === 1 ? -inner.processId : inner.processId);
  }
  killStragglers(identity);
}

/** Ends what no process namespace holds together: found by its user namespace, which a process cannot leave, or by its account. */
export function killStragglers(identity: ProcessIdentity): void {
  const { userNamespace, userId } = identity;
  if (userNamespace === null && userId === null) return;
  const belongs = (processId: number): boolean =>
    ((userNamespace !== null && userNamespaceOf(processId) === userNamespace) ||
      (userId !== null && userOf(processId) === userId)) &&
    isAlive(processId);
  for (let pass = 0; pass < maximalPasses; pass++) {
    const found = processesWhere(belongs);
    if (found.length === 0) return;
    for (const processId of found) killProcess(processId);
  }
}

function userOf(processId: number): number | null {
  try {
    return statSync(`/proc/${processId}`).uid;
  } catch {
    return null;
  }
}
