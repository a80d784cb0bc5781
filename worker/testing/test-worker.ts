import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "../../src/contract/logger.ts";
import { silentLogger } from "../../src/contract/logger.ts";
import type { RunningWorker } from "../worker.ts";
import { startWorker } from "../worker.ts";
import type { WorkerOptions } from "../worker-options.ts";
import { resolveHostOptions } from "../worker-options.ts";
import { ScriptedService } from "./scripted-service.ts";

/** The product's own: what is built once for each version of a runtime would take longer than most tests. */
export const testRuntimeDirectory = resolveHostOptions({}).runtimeDirectory;

export interface TestWorker {
  service: ScriptedService;
  worker: RunningWorker;
  folder: string;
  close(): Promise<void>;
}

/** A worker of this process, linked to a service that the test scripts. */
export async function startTestWorker(
  options: Partial<WorkerOptions> = {},
  prepare: (service: ScriptedService) => void = () => {},
): Promise<TestWorker> {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-worker-test-"));
  const tokenFile = join(folder, "worker.token");
  writeFileSync(tokenFile, "test-token\n", { mode: 0o600 });
  const service = await ScriptedService.start();
  prepare(service);
  const worker = await startWorker({
    server: service.url,
    tokenFile,
    version: "0.0.0-test",
    slots: 4,
    poolMemory: 0,
    runtimeDirectory: testRuntimeDirectory,
    logger: process.env["RUNSMITH_TEST_LOG"] === undefined ? silentLogger : (console as Logger),
    ...options,
  });
  return {
    service,
    worker,
    folder,
    async close() {
      await worker.stop();
      await service.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
