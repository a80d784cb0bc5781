import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CommandEnd, RunningCommand } from "./run-command.ts";
import { startCommand } from "./run-command.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The command of the checkout; a packed and installed one has another. */
export const checkoutCommand = join(import.meta.dirname, "..", "..", "bin", "runsmith.js");

/** A server with one local worker, started as a user starts it, with its own data, and commands that find it by themselves. */
export interface System extends AsyncDisposable {
  url: string;
  /** A folder of the test's own. */
  folder: string;
  dataDirectory: string;
  server: RunningCommand;
  /** Runs `runsmith …` to its end. */
  run(...args: string[]): Promise<CommandEnd>;
  /** Starts `runsmith …`. */
  start(args: readonly string[], input?: string): RunningCommand;
  stop(): Promise<CommandEnd>;
}

export interface SystemOptions {
  /** The program behind `runsmith`. */
  command?: string;
  /** Further arguments of `runsmith start`. */
  arguments?: readonly string[];
}

/** Starts a system on a free port and waits until it says that it is ready. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const command = options.command ?? checkoutCommand;
  const temporary = await temporaryFolder();
  const folder = temporary.path;
  const dataDirectory = join(folder, "data");
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_RUNTIME_DIR: join(folder, "run"),
    RUNSMITH_URL: undefined,
    RUNSMITH_TOKEN: undefined,
  };
  await mkdir(join(folder, "run"), { mode: 0o700 });
  const start = (args: readonly string[], input?: string) =>
    startCommand(process.execPath, [command, ...args], { env, cwd: folder, ...(input === undefined ? {} : { input }) });
  const keys = ["--master-key-folder", join(folder, "keys")];
  const server = start(["start", "--port", "0", "--data", dataDirectory, ...keys, ...(options.arguments ?? [])]);
  const stop = async () => {
    server.process.kill("SIGTERM");
    return await server.ended;
  };
  try {
    const printed = await server.printed(/Runsmith is ready at \S+\n/);
    const url = /Runsmith is ready at (\S+)/.exec(printed)?.[1] ?? "";
    return {
      ...{ url, folder, dataDirectory, server, start, stop },
      run: (...args) => start(args).ended,
      [Symbol.asyncDispose]: async () => {
        await stop();
        await temporary[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await stop();
    await temporary[Symbol.asyncDispose]();
    throw error;
  }
}
