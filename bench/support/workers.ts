import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NewWorkerResource } from "../../src/contract/api/worker.ts";
import type { Client } from "./client.ts";
import type { System } from "./system.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "runsmith.js");

let started = 0;

/** Starts a worker as a process of its own, with accounts of its own; resolves when it is connected. */
export async function startWorker(system: System, client: Client, options: string[] = []): Promise<AsyncDisposable> {
  started += 1;
  const { token } = await client.call<NewWorkerResource>("POST", "/api/workers", { name: `bench-${started}` });
  const tokenFile = join(system.dataDirectory, `bench-${started}.token`);
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  // Out of the way of everything else on the machine.
  const userIds = 3_000_000 + 1000 * Math.floor(Math.random() * 1000) + 200 * (started % 5);
  const child = spawn(
    process.execPath,
    [
      ...[program, "worker", "--server", system.url, "--token-file", tokenFile, "--protect", system.dataDirectory],
      ...["--host-uids", `${userIds}-${userIds + 199}`, ...options],
    ],
    { stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  const messages: string[] = [];
  createInterface(child.stderr).on("line", (line) => messages.push(line));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    const hung = setTimeout(() => child.kill("SIGKILL"), 30_000);
    await exited;
    clearTimeout(hung);
  };
  const endWithBench = () => child.kill("SIGTERM");
  process.once("exit", endWithBench);
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("Runsmith worker is connected")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`a worker ended with ${code}:\n${messages.join("\n")}`)));
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await stop();
      process.off("exit", endWithBench);
    },
  };
}
