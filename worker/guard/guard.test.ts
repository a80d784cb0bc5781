import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import { isAlive, processesWhere } from "../sandbox/process-tree.ts";
import { ScriptedService } from "../testing/scripted-service.ts";

const program = join(import.meta.dirname, "..", "testing", "worker-process.ts");

describe("hosts of a worker", () => {
  let service: ScriptedService;
  let worker: ChildProcess;
  let folder: string;
  let mark: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "runsmith-guard-test-"));
    writeFileSync(join(folder, "token"), "token\n");
    service = await ScriptedService.start();
    service.leaseDuration = 2_000;
    mark = String(4_000_000 + Math.trunc(Math.random() * 1_000_000));
    worker = spawn(process.execPath, [program, service.url, join(folder, "token")], { stdio: "inherit" });
    await service.linked();
  });

  afterEach(async () => {
    if (worker.exitCode === null && worker.signalCode === null) {
      worker.kill("SIGCONT");
      worker.kill("SIGKILL");
      await once(worker, "exit");
    }
    await service.close();
    await gone(mark);
    rmSync(folder, { recursive: true, force: true });
  });

  /** A job with a process that its mark finds, from outside. */
  async function startJob(grants: "none" | "processes" = "none"): Promise<AttemptReference> {
    const attempt = service.run(
      `import { spawn } from "node:child_process"; spawn("setsid", ["sleep", "${mark}"]); console.log("on"); setInterval(() => {}, 1000);`,
      { grants: grants === "none" ? [] : [{ type: "processes" }] },
    );
    await service.until(() => service.recordsOf(attempt).length > 0 && marked(mark).length > 0, "the job's start");
    return attempt;
  }

  for (const grants of ["none", "processes"] as const) {
    it(`are gone soon after the worker was killed (grants: ${grants})`, async () => {
      await startJob(grants);
      worker.kill("SIGKILL");
      await gone(mark);
    });

    it(`are gone when its lease runs out while it is stopped, and it tells so afterwards (grants: ${grants})`, async () => {
      const attempt = await startJob(grants);
      worker.kill("SIGSTOP");
      await gone(mark);
      worker.kill("SIGCONT");
      const end = await service.endOf(attempt);
      assert.equal(end.outcome, "Failed");
      assert.equal(end.reason, "host-lost");
      assert.equal(end.exception?.name, "LeaseLost");
    });
  }

  it("are gone when the service does not acknowledge its heartbeats for a lease, and new jobs run when it does again", async () => {
    const attempt = await startJob();
    service.acknowledgesHeartbeats = false;
    service.keep = () => [];
    await service.goAway();
    await gone(mark);
    service.acknowledgesHeartbeats = true;
    service.keep = (hello) => hello.running;
    await service.listen();
    await service.linked();
    assert.equal((await service.endOf(attempt)).exception?.name, "LeaseLost");
    const next = service.run("console.log('again')");
    assert.equal((await service.endOf(next)).outcome, "Completed");
  });

  it("live on while the service is away for less than the lease", async () => {
    service.leaseDuration = 20_000;
    service.breakLinks();
    await service.linked();
    const attempt = await startJob();
    await service.goAway();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    assert.equal(marked(mark).length, 1);
    await service.listen();
    await service.linked();
    service.send({ type: "stop-job", ...attempt, reason: "enough", force: true });
    assert.equal((await service.endOf(attempt)).outcome, "Stopped");
  });

  it("finish their jobs when it drains on SIGTERM, and it takes no further ones", async () => {
    const attempt = service.run("setTimeout(() => console.log('finished'), 500)");
    await service.until(() => service.timesOf(attempt).length > 0, "the job's start");
    worker.kill("SIGTERM");
    await service.until(() => service.controlFrames.some((frame) => frame.type === "draining"), "the worker to drain");
    service.run("console.log('too late')");
    await once(worker, "exit");
    assert.equal(service.textOf(attempt), "finished");
    assert.equal((await service.endOf(attempt)).outcome, "Completed");
    assert.ok(service.controlFrames.some((frame) => frame.type === "job-declined"));
  });
});

function marked(mark: string): number[] {
  return processesWhere((processId) => {
    try {
      return readFileSync(`/proc/${processId}/cmdline`, "utf8") === `sleep\0${mark}\0` && isAlive(processId);
    } catch {
      return false;
    }
  });
}

async function gone(mark: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    if (marked(mark).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("processes of the job are still there");
}
