/*
 * The spawner: a small process that starts the worker's hosts and hands their pipes over to the worker. The worker could
 * start them itself, but
 *
 *  - the kernel copies the page tables of who forks: 5 ms from a worker of 150 MB, 0.7 ms from here (measured, busy machine);
 *  - whoever spawns waits until the new process has replaced its program, and the worker's main thread has output to read;
 *  - hosts inherit the limits that this process was started with, which otherwise costs a wrapper (1 ms) for each.
 *
 * Hosts end with it (PR_SET_PDEATHSIG by bwrap), and it ends with its worker.
 *
 * This file imports nothing but Node: it is run from its text (`spawner-client.ts`).
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import type { SpawnerMessage, SpawnMessage } from "./spawner-messages.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit(0));
// `disconnect` does not come while a pipe handed over waits for its receipt from a worker that was killed.
process.stdin.on("close", () => process.exit(0)).resume();
process.on("message", (message: SpawnMessage) => start(message));
const ownFileMask = process.umask();

function start({ id, command, environment, workingDirectory, become, fileMask, descriptorFile }: SpawnMessage): void {
  const [program = "", ...programArguments] = command;
  let file: number | null = null;
  let child: ChildProcess;
  try {
    // Opened anew each time: who reads it reads to the end, and the place in a file is shared with whoever inherits it.
    file = descriptorFile === null ? null : openSync(descriptorFile, "r");
    // This process makes no files of its own.
    process.umask(fileMask ?? ownFileMask);
    child = spawn(program, programArguments, {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...(file === null ? [] : [file])],
      env: environment,
      cwd: workingDirectory,
      // A session of its own: Ctrl-C in the worker's terminal is for the worker, which stops its jobs in order.
      detached: true,
      ...(become === null ? {} : { uid: become.userId, gid: become.groupId }),
    });
  } catch (error) {
    tell({ type: "failed", id, reason: String(error) });
    return;
  } finally {
    if (file !== null) closeSync(file);
  }
  const { pid } = child;
  if (pid === undefined) {
    child.once("error", (error) => tell({ type: "failed", id, reason: error.message }));
    return;
  }
  child.once("exit", (code, signal) => tell({ type: "exit", id, code, signal }));
  for (const stream of child.stdio.slice(1, 5) as unknown as SocketWithHandle[]) {
    // Node begins to read a pipe when it makes it; what it read here would be lost to the worker.
    stream._handle.readStop();
    // And it drains the pipes of a process that has ended, be it before they are handed over.
    stream.resume = () => stream;
    tell({ type: "stream", id }, stream);
  }
  tell({ type: "spawned", id, processId: pid });
}

interface SocketWithHandle extends Socket {
  _handle: { readStop(): void };
}

function tell(message: SpawnerMessage, stream?: Socket): void {
  // A worker that is gone is told by `disconnect`.
  if (process.connected) process.send?.(message, stream, {}, () => {});
}
