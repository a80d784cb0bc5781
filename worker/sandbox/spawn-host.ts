import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { killStragglers, killTree } from "./kill-tree.ts";
import {
  childProcesses,
  isAlive,
  killProcess,
  privateMemory,
  processStartTime,
  processTree,
  userNamespaceOf,
} from "./process-tree.ts";
import type { ProcessExit, ProcessIdentity, SandboxedProcess } from "./sandbox.ts";

export interface SpawnRequest {
  /** The whole command, wrappers first. */
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** Open descriptors that the command gets as 5, 6, …; they stay the caller's to close. */
  extraDescriptors: readonly number[];
  /** The end of the first process inside is the end of all. */
  holdsTree: boolean;
  userId: number | null;
}

/** Starts a host's wrappers with the descriptors of the host protocol, and keeps hold of what they become. */
export function spawnHost(request: SpawnRequest): SandboxedProcess {
  const [program, ...programArguments] = request.command;
  if (program === undefined) throw new Error("a host needs a command");
  const child = spawn(program, programArguments, {
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...request.extraDescriptors],
    env: request.environment,
    cwd: request.workingDirectory,
    // A session of its own: Ctrl-C in the worker's terminal is for the worker, which stops its jobs in order.
    detached: true,
  });
  const [, stdout, stderr, input, output] = child.stdio as unknown as [null, Readable, Readable, Writable, Readable];
  // A host that dies while it is written to is told by its exit.
  for (const stream of [stdout, stderr, input, output]) stream.on("error", () => {});

  const processId = child.pid ?? 0;
  const outer = named(processId);
  let inner: ProcessIdentity["processes"][number] | null = null;
  let userNamespace: string | null = null;
  let ended = false;

  const identity = (): ProcessIdentity => ({
    processes: inner === null ? [outer] : [outer, inner],
    userNamespace,
    userId: request.holdsTree ? null : request.userId,
  });

  const exited = (async (): Promise<ProcessExit> => {
    const exit = await new Promise<ProcessExit>((resolve) => {
      child.once("error", () => resolve({ code: 127, signal: null }));
      child.once("exit", (code, signal) => resolve(truthfulExit(code, signal)));
    });
    ended = true;
    if (request.holdsTree) await untilOver(inner);
    else killStragglers(identity());
    return exit;
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
    memory: () => (ended ? 0 : privateMemory(processTree(processId))),
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
  while (processStartTime(first.processId) === first.startTime && isAlive(first.processId)) await setTimeout(1);
}

function named(processId: number): ProcessIdentity["processes"][number] {
  return { processId, startTime: processStartTime(processId) ?? "" };
}

function namespaceIfItsOwn(processId: number): string | null {
  const theirs = userNamespaceOf(processId);
  return theirs === userNamespaceOf(process.pid) ? null : theirs;
}

/** Wrappers tell the signal that ended their child as a shell does: 128 + its number. */
function truthfulExit(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  if (code === null || code <= 128) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? { code, signal: null } : { code: null, signal: name };
}
