import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { Page } from "../../src/contract/api/page.ts";
import { silentLogger } from "../../src/contract/logger.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import type { JobStreamRecord } from "../../src/contract/stream.ts";
import type { CallOptions } from "../../src/web/testing/test-server.ts";
import { TestServer } from "../../src/web/testing/test-server.ts";
import { testRuntimeDirectory } from "../../worker/testing/test-worker.ts";
import type { RunningWorker } from "../../worker/worker.ts";
import { startWorker } from "../../worker/worker.ts";

/** A service and a worker of this process, for tests of what several runbooks do together. */
export class CalledRunbooks {
  readonly server: TestServer;
  readonly #folder: string;
  readonly #slots: number;
  #worker: RunningWorker | null = null;

  private constructor(server: TestServer, folder: string, slots: number) {
    this.server = server;
    this.#folder = folder;
    this.#slots = slots;
  }

  static async start({ slots = 4 }: { slots?: number } = {}): Promise<CalledRunbooks> {
    const server = await TestServer.start({ leaseDuration: 3_000 });
    const folder = mkdtempSync(join(tmpdir(), "runsmith-calls-"));
    writeFileSync(join(folder, "worker.token"), await server.workerToken(), { mode: 0o600 });
    const system = new CalledRunbooks(server, folder, slots);
    await system.startWorker();
    return system;
  }

  /** The same worker as before, with nothing of what it had. */
  async startWorker(): Promise<void> {
    this.#worker = await startWorker({
      server: this.server.url,
      tokenFile: join(this.#folder, "worker.token"),
      version: "0.0.0-test",
      slots: this.#slots,
      poolMemory: 0,
      runtimeDirectory: testRuntimeDirectory,
      logger: silentLogger,
    });
  }

  /** Kills what the worker runs, of which nothing more is told. */
  async killWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = null;
  }

  /** Changes settings of a runbook. */
  async set(runbook: string, settings: Record<string, unknown>): Promise<void> {
    const { status, body } = await this.server.call("PATCH", `/api/runbooks/${runbook}`, { body: settings });
    assert.equal(status, 200, JSON.stringify(body));
  }

  /** Publishes a text, of a runbook that may be there already. */
  async publish(name: string, source: string, kind: RunbookKind = "TypeScript", more: CallOptions = {}): Promise<void> {
    const body = { name, kind, source: Buffer.from(source).toString("base64"), publish: true, overwrite: true };
    const { status, body: answer } = await this.server.call<{ problems?: unknown }>("POST", "/api/runbooks", {
      ...more,
      body,
    });
    assert.ok(status < 300, `${name}: ${JSON.stringify(answer)}`);
  }

  publishPowerShell(name: string, source: string): Promise<void> {
    return this.publish(name, source, "PowerShell");
  }

  async start(runbook: string, parameters: Record<string, unknown> = {}): Promise<string> {
    const { status, body } = await this.server.call<JobResource>("POST", "/api/jobs", {
      body: { runbook, parameters },
    });
    assert.equal(status, 201, JSON.stringify(body));
    return body.jobId;
  }

  async job(jobId: string): Promise<JobResource> {
    return (await this.server.call<JobResource>("GET", `/api/jobs/${jobId}`)).body;
  }

  async until(jobId: string, holds: (job: JobResource) => boolean): Promise<JobResource> {
    for (;;) {
      const job = await this.job(jobId);
      if (holds(job)) return job;
      await sleep(50);
    }
  }

  async ended(jobId: string): Promise<JobResource> {
    return this.until(jobId, ({ status }) => ["Completed", "Failed", "Stopped"].includes(status));
  }

  /** Runs a runbook to its end. */
  async run(runbook: string, parameters: Record<string, unknown> = {}): Promise<JobResource> {
    return this.ended(await this.start(runbook, parameters));
  }

  /** Runs a runbook that completes, and gives its result. */
  async resultOf(runbook: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    const job = await this.run(runbook, parameters);
    assert.equal(job.status, "Completed", JSON.stringify(job.exception));
    return job.result;
  }

  async records(jobId: string): Promise<JobStreamRecord[]> {
    return (await this.server.call<Page<JobStreamRecord>>("GET", `/api/jobs/${jobId}/records?limit=500`)).body.items;
  }

  /** What a job wrote to a stream, each as its text. */
  async texts(jobId: string, stream = "Output"): Promise<string[]> {
    return (await this.records(jobId)).filter((record) => record.stream === stream).map(({ text }) => text);
  }

  async children(jobId: string): Promise<JobResource[]> {
    return (await this.server.call<Page<JobResource>>("GET", `/api/jobs/${jobId}/children`)).body.items;
  }

  async close(): Promise<void> {
    await this.killWorker();
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
