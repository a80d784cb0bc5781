import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import type { ProcessExit } from "../sandbox/sandbox.ts";
import type { Spawner } from "./spawner.ts";

/** Starts processes from this one; for programs that start few. */
export const inProcessSpawner: Spawner = {
  setsLimits: false,

  async spawn({ command, environment, workingDirectory, become, fileMask, descriptorFile }) {
    const [program = "", ...programArguments] = command;
    // Opened anew each time: who reads it reads to the end, and the place in a file is shared with whoever inherits it.
    const file = descriptorFile === null ? null : openSync(descriptorFile, "r");
    try {
      const child = withFileMask(fileMask, () =>
        spawn(program, programArguments, {
          stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...(file === null ? [] : [file])],
          env: environment,
          cwd: workingDirectory,
          // A session of its own: Ctrl-C in the worker's terminal is for the worker, which stops its jobs in order.
          detached: true,
          ...(become === null ? {} : { uid: become.userId, gid: become.groupId }),
        }),
      );
      const exited = new Promise<ProcessExit>((resolve) =>
        child.once("exit", (code, signal) => resolve({ code, signal })),
      );
      const { pid } = child;
      if (pid === undefined) await new Promise((_, reject) => child.once("error", reject));
      const [, stdout, stderr, input, output] = child.stdio as unknown as [
        null,
        Readable,
        Readable,
        Writable,
        Readable,
      ];
      return { processId: pid ?? 0, stdout, stderr, input, output, exited };
    } finally {
      if (file !== null) closeSync(file);
    }
  },

  close() {},
};

/** spawn() has no option for it, and is over before anything else of this process runs. */
function withFileMask<T>(fileMask: number | null, start: () => T): T {
  if (fileMask === null) return start();
  const own = process.umask(fileMask);
  try {
    return start();
  } finally {
    process.umask(own);
  }
}
