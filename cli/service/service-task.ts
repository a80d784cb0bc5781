import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ServerOptions } from "../../src/contract/server-options.ts";
import type { OutputFormat } from "../command.ts";

/** What the web service's process is to do: the JSON that is its argument. Holds no secret. */
export type ServiceTask =
  | { task: "serve"; server: ServerOptions; localWorker: LocalWorkerSettings | null }
  | { task: "reset-admin-token"; dataDirectory: string; databaseFile?: string }
  | { task: "examine-database"; databaseFile?: string }
  | { task: "backup-database"; dataDirectory: string; file: string; output: OutputFormat }
  | { task: "migrate-database"; fromFile: string; toFile: string; output: OutputFormat };

/** The worker that `start` runs beside the server: its group, and the further arguments of `runsmith worker`. */
export interface LocalWorkerSettings {
  group: string;
  arguments: string[];
}

/**
 * Goes on as the web service's process: this one is replaced, so that its process id, its signals and its end are the
 * service's own. Resolves, with the exit code, only where a process cannot be replaced.
 */
export async function becomeService(task: ServiceTask): Promise<number> {
  const args = serviceArguments(task);
  if (process.execve !== undefined) {
    const env = Object.fromEntries(Object.entries(process.env).filter((entry) => entry[1] !== undefined));
    process.execve(process.execPath, [process.execPath, ...args], env as Record<string, string>);
  }
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Runs the web service's process beside this one, for a task that ends by itself; gives what it printed. Rejects when it fails. */
export async function askService(task: ServiceTask): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, serviceArguments(task));
  return stdout;
}

function serviceArguments(task: ServiceTask): string[] {
  const source = fileURLToPath(new URL("../../bin/service.ts", import.meta.url));
  return [existsSync(source) ? source : source.replace(/\.ts$/, ".js"), JSON.stringify(task)];
}
