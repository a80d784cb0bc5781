import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A server with one local worker, started as a user starts it, on a data directory of its own. */
export interface System {
  url: string;
  token: string;
  dataDirectory: string;
  /** The process that was started; its children are the server's and the worker's. */
  pid: number;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, "..", "..");

export interface SystemOptions {
  /** A data directory that is kept when the system is stopped; one of its own otherwise. */
  dataDirectory?: string;
  /** Without its local worker. */
  serverOnly?: boolean;
}

/** Starts Runsmith on a free port and waits until it says that it is ready. Throws when that takes longer than 60 s. */
export async function startSystem(
  options: string[] = [],
  { dataDirectory, serverOnly = false }: SystemOptions = {},
): Promise<System> {
  const data = dataDirectory ?? (await mkdtemp(join(tmpdir(), "runsmith-bench-")));
  const keys = `${data}-keys`;
  const child = spawn(
    process.execPath,
    [
      ...[join(root, "bin", "runsmith.js"), serverOnly ? "server" : "start"],
      ...["--port", "0", "--data", data, "--master-key-folder", keys, ...options],
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    },
  );
  const endWithBench = () => child.kill("SIGTERM");
  process.once("exit", endWithBench);
  const messages: string[] = [];
  createInterface(child.stderr).on("line", (line) => messages.push(line));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    // A system that hangs is not left behind: the next bench would share the machine with it.
    const hung = setTimeout(() => child.kill("SIGKILL"), 60_000);
    await exited;
    clearTimeout(hung);
    process.off("exit", endWithBench);
    if (dataDirectory === undefined) {
      await Promise.all([data, keys].map((folder) => rm(folder, { recursive: true, force: true })));
    }
  };
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not ready within 60 s:\n${messages.join("\n")}`)), 60_000);
      const lines = createInterface(child.stdout);
      lines.on("line", (line) => {
        messages.push(line);
        const ready = /Runsmith is ready at (\S+)/.exec(line)?.[1];
        if (ready === undefined) return;
        clearTimeout(late);
        resolve(ready);
      });
      child.once("exit", (code) =>
        reject(new Error(`ended with ${code} before it was ready:\n${messages.join("\n")}`)),
      );
    });
    const token = (await readFile(join(data, "admin.token"), "utf8")).trim();
    return { url, token, dataDirectory: data, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A folder that is gone when the bench is over. */
export async function benchFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "runsmith-bench-"));
  // Also when the bench is interrupted, as these may be some gigabytes.
  const removeAtEnd = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", removeAtEnd);
  return {
    path,
    async [Symbol.asyncDispose]() {
      process.off("exit", removeAtEnd);
      await rm(path, { recursive: true, force: true });
    },
  };
}

// Without a handler these signals end the process without an `exit` event.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
