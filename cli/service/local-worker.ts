import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RunningServer } from "../../src/contract/running-server.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { LocalWorkerSettings } from "./service-task.ts";
import { workerReadyLine } from "./worker-ready-line.ts";

/** How long a worker that is told to end may let its jobs finish, in milliseconds. */
const drainTime = 30_000;

/** The worker that runs beside a server, as a process of its own; started again when it dies. */
export class LocalWorker {
  /** Resolves when the worker cannot be kept running. Never rejects. */
  readonly failure: Promise<Error>;
  readonly #command: readonly string[];
  #child: ChildProcess | null = null;
  #stopping = false;
  #fail: (error: Error) => void = () => {};

  /**
   * Resolves when the worker is connected. `secretPaths`: what no script may reach, besides the data folder. Throws `UserError` (`worker-failed`) when it ends before; it has said why on
   * standard error then.
   */
  static async start(
    server: Pick<RunningServer, "url" | "caFile" | "localWorkerToken">,
    settings: LocalWorkerSettings,
    { dataDirectory, secretPaths }: { dataDirectory: string; secretPaths: readonly string[] },
    signal: AbortSignal,
  ): Promise<LocalWorker> {
    const tokenFile = join(dataDirectory, "local-worker.token");
    await writeFile(`${tokenFile}.new`, `${await server.localWorkerToken(settings.group)}\n`, { mode: 0o600 });
    await rename(`${tokenFile}.new`, tokenFile);
    const worker = new LocalWorker([
      fileURLToPath(new URL("../main", import.meta.url)) + (import.meta.url.endsWith(".ts") ? ".ts" : ".js"),
      ...["worker", "--server", server.url, "--token-file", tokenFile, "--end-with-input"],
      ...[dataDirectory, ...secretPaths].flatMap((path) => ["--protect", path]),
      ...(server.caFile === null ? [] : ["--ca", server.caFile]),
      ...settings.arguments,
    ]);
    signal.addEventListener("abort", () => worker.#child?.kill("SIGTERM"));
    const ended = await worker.#run();
    if (ended !== null && !signal.aborted) {
      throw new UserError("worker-failed", `The local worker ended with ${ended} before it was connected.`, {
        status: 500,
        remedy: "See its message above, and `npx runsmith doctor`. `npx runsmith server` starts without a worker.",
      });
    }
    return worker;
  }

  private constructor(command: readonly string[]) {
    this.#command = command;
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Lets running jobs finish for half a minute, then ends the worker and whatever still runs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), drainTime);
    await exited;
    clearTimeout(late);
  }

  /** Starts the process; resolves with null when it is connected, or with how it ended. */
  #run(): Promise<string | null> {
    // A group of its own: a terminal's Ctrl-C must reach it through the server, which then ends after it.
    const child = spawn(process.execPath, this.#command, { stdio: ["pipe", "pipe", "inherit"], detached: true });
    this.#child = child;
    return new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(code === null ? `signal ${signal}` : `code ${code}`));
      createInterface(child.stdout).on("line", (line) => {
        if (line.startsWith(workerReadyLine)) {
          resolve(null);
          child.once("exit", (code, signal) => void this.#restart(code === null ? `signal ${signal}` : `code ${code}`));
        } else {
          process.stdout.write(`${line}\n`);
        }
      });
    });
  }

  async #restart(how: string): Promise<void> {
    for (let pause = 500; !this.#stopping; pause = Math.min(2 * pause, 10_000)) {
      process.stderr.write(`The local worker ended with ${how}; starting it again.\n`);
      await sleep(pause);
      if (this.#stopping) return;
      const ended = await this.#run();
      if (ended === null) return;
      // It refuses, with a reason of its own: another try ends the same way.
      if (/^code [1-9]/.test(ended)) return this.#fail(new Error(`The local worker ended with ${ended}.`));
    }
  }
}
