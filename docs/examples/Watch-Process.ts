import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { progress, signal } from "runsmith";

/**
 * Keeps a program running for a while: starts it, passes its output on, and starts it again when it ends.
 *
 * Stopping the job ends the program. The job fails when the program had to be started again too often.
 */
export default async function ({
  command,
  seconds = 60,
  maximumRestarts = 5,
  waitMilliseconds = 500,
}: {
  /**
   * The program and its arguments, such as `["/usr/bin/sleep", "5"]`; no shell is involved.
   * @minItems 1
   */
  command: string[];
  /**
   * How long to watch.
   * @minimum 1
   */
  seconds?: number;
  /**
   * How often the program may be started again.
   * @minimum 0
   */
  maximumRestarts?: number;
  /** Pause before the program is started again. */
  waitMilliseconds?: number;
}) {
  const [program = "", ...programArguments] = command;
  const end = Date.now() + seconds * 1000;
  const watch = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  let restarts = 0;
  for (;;) {
    progress({
      activity: `Watching ${program}`,
      status: `${restarts} restarts`,
      percent: 100 - (end - Date.now()) / seconds / 10,
    });
    const ended = await run(program, programArguments, watch);
    if (signal.aborted || Date.now() >= end) break;
    if (restarts === maximumRestarts)
      throw new Error(`${program} ended ${restarts + 1} times, the last time with ${ended}`);
    restarts++;
    console.warn(`${program} ended with ${ended}; restart ${restarts} of ${maximumRestarts}`);
    await delay(waitMilliseconds);
  }
  return { restarts };
}

function run(program: string, programArguments: string[], watch: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { stdio: ["ignore", "inherit", "inherit"] });
    const terminate = () => child.kill("SIGTERM");
    watch.addEventListener("abort", terminate);
    child.once("error", reject);
    child.once("close", (code, signalName) => {
      watch.removeEventListener("abort", terminate);
      resolve(signalName ?? `exit code ${code}`);
    });
  });
}
