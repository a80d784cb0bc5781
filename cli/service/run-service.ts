import type { FirstStart, RunningServer } from "../../src/contract/running-server.ts";
import type { ServerOptions } from "../../src/contract/server-options.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { errorText } from "../output/report-error.ts";
import { goBeforeJobs } from "./lead-session.ts";
import { LocalWorker } from "./local-worker.ts";
import type { ServiceTask } from "./service-task.ts";

/** Serves until SIGTERM, SIGINT or a failure; with a local worker where the task has one. Says the exit code. */
export async function runService(
  task: Extract<ServiceTask, { task: "serve" }>,
  startServer: (settings: ServerOptions, tellFirstStart: (made: FirstStart) => void) => Promise<RunningServer>,
): Promise<number> {
  goBeforeJobs();
  const end = endRequested();
  const server = await startServer(task.server, tellFirstStart);
  let worker: LocalWorker | null = null;
  try {
    if (task.localWorker !== null) {
      const { dataDirectory, databaseFile } = task.server;
      const secretPaths = [databaseFile, process.env["CREDENTIALS_DIRECTORY"], server.masterKeyFile].filter(
        (path) => path !== undefined && path !== null,
      );
      worker = await LocalWorker.start(server, task.localWorker, { dataDirectory, secretPaths }, end.signal);
    }
    if (!end.signal.aborted) {
      // Its port may have been left to the machine to choose.
      if (server.metricsUrl !== null) process.stdout.write(`Metrics are served at ${server.metricsUrl}\n`);
      process.stdout.write(`Runsmith is ready at ${server.url}\n`);
    }
    const reason = await Promise.race([end.requested, server.failure, ...(worker === null ? [] : [worker.failure])]);
    if (!(reason instanceof Error)) return exitCodes.completed;
    tellFailure(reason);
    return exitCodes.failed;
  } finally {
    end.hurryOnNext();
    await worker?.stop();
    await server.close();
  }
}

function tellFirstStart({ newAdminToken, adminTokenFile, madeMasterKeyAt }: FirstStart): void {
  if (newAdminToken !== null) tellToken(newAdminToken, adminTokenFile);
  if (madeMasterKeyAt !== null) tellMasterKey(madeMasterKeyAt);
}

function tellToken(token: string, file: string): void {
  process.stdout.write(
    [
      "This is the first start. The administrator's token, shown this once:",
      `  ${token}`,
      `It is also in ${file} (readable by this account only). Commands on this machine find it by themselves;`,
      "elsewhere set RUNSMITH_URL and RUNSMITH_TOKEN. A lost one is replaced by: npx runsmith reset-admin-token",
      "",
    ].join("\n"),
  );
}

function tellMasterKey(file: string): void {
  process.stdout.write(
    [
      "Secrets are sealed by a master key that was made just now:",
      `  ${file}`,
      "Keep a copy of that file in a safe place, apart from backups of the data: without it no secret can be read again.",
      "",
    ].join("\n"),
  );
}

function tellFailure(error: Error): void {
  const text = error instanceof UserError ? errorText(error) : (error.stack ?? error.message);
  process.stderr.write(`${text}\n`);
}

/** The first signal asks for an orderly end, a later one ends the process at once. */
function endRequested() {
  const controller = new AbortController();
  let hurry = false;
  const requested = new Promise<"requested">((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      let last = 0;
      process.on(signal, () => {
        // A terminal's Ctrl-C may come twice: by itself and through `npm`.
        if (hurry && Date.now() - last > 500) process.exit(exitCodes.interrupted);
        last = Date.now();
        controller.abort();
        resolve("requested");
      });
    }
  });
  return {
    requested,
    signal: controller.signal,
    hurryOnNext: () => {
      hurry = true;
    },
  };
}
