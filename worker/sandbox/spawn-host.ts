import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Spawner, SpawnRequest } from "../spawning/spawner.ts";
import { killStragglers, killTree } from "./kill-tree.ts";
import {
  anonymousMemory,
  childProcesses,
  isStillAlive,
  killProcess,
  processStartTime,
  processTree,
  userNamespaceOf,
} from "./process-tree.ts";
import type { ProcessExit, ProcessIdentity, SandboxedProcess } from "./sandbox.ts";

export interface HostRequest extends SpawnRequest {
  /** The end of the first process inside is the end of all. */
  holdsTree: boolean;
  /** The account that the program runs as and no other program does; null where others do. */
  ownUserId: number | null;
  /** An entry of the environment that only this host's processes have; null where something better tells them. */
  ownEnvironment: string | null;
}

/**
 * Starts a host's wrappers with the descriptors of the host protocol, and keeps hold of what they become.
 *
 * @throws Error when the command cannot be started.
 */
export async function spawnHost(spawner: Spawner, request: HostRequest): Promise<SandboxedProcess> {
  const { processId, stdout, stderr, input, output, exited: outerExited } = await spawner.spawn(request);
  // A host that dies while it is written to is told by its exit.
  for (const stream of [stdout, stderr, input, output]) stream.on("error", () => {});

  const outer = named(processId);
  let inner: ProcessIdentity["processes"][number] | null = null;
  let userNamespace: string | null = null;
  let ended = false;

  const identity = (): ProcessIdentity => ({
    processes: inner === null ? [outer] : [outer, inner],
    userNamespace,
    userId: request.holdsTree ? null : request.ownUserId,
    environment: request.ownEnvironment,
  });

  const exited = (async (): Promise<ProcessExit> => {
    const { code, signal } = await outerExited;
    ended = true;
    if (request.holdsTree) await untilOver(inner);
    else for (let tries = 0; tries < 200 && !killStragglers(identity()); tries++) await setTimeout(5);
    return truthfulExit(code, signal);
  })();

  return {
    processId,
    stdout,
    stderr,
    input,
    output,
    exited,
    settle() {
      // The host has spoken, so it is there: below the outer process, or that process itself where nothing wraps it.
      const first = childProcesses(processId)[0];
      if (first === undefined) return;
      inner = named(first);
      if (!request.holdsTree) userNamespace = namespaceIfItsOwn(first);
    },
    identity,
    memory: () => (ended ? 0 : anonymousMemory(processTree(processId))),
    kill() {
      if (ended) return;
      killTree(identity());
      input.destroy();
      // Where the inner process cannot be killed, the outer one takes it with it (--die-with-parent).
      void setTimeout(1_000, null, { ref: false }).then(() => {
        if (!ended) killProcess(processId);
      });
    },
  };
}

/**
 * The outer process ends as soon as it knows how the program ended; the first process inside ends when the kernel has ended
 * all the others, a moment later.
 */
async function untilOver(first: ProcessIdentity["processes"][number] | null): Promise<void> {
  if (first === null) return;
  while (isStillAlive(first.processId, first.startTime)) await setTimeout(1);
}

function named(processId: number): ProcessIdentity["processes"][number] {
  return { processId, startTime: processStartTime(processId) ?? "" };
}

function namespaceIfItsOwn(processId: number): string | null {
  const theirs = userNamespaceOf(processId);
  return theirs === userNamespaceOf(process.pid) ? null : theirs;
}

/** Wrappers tell the signal that ended their child as a shell does: 128 + its number. */
function truthfulExit(code: number | null, signal: string | null): ProcessExit {
  if (code === null || code <= 128) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? { code, signal: null } : { code: null, signal: name };
}
