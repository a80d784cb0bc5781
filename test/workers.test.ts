import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerResource } from "../src/contract/api/worker.ts";
import type { WorkerProcess } from "./support/installation.ts";
import { Installation } from "./support/installation.ts";
import { skipUnless } from "./support/requires.ts";
import type { CommandEnd } from "./support/run-command.ts";

/** Says that it runs, and goes on until it is stopped or a second has passed. */
const busy = `export default async function ({ pace = 0 }: { pace?: number }) {
  console.log("here");
  await new Promise((resolve) => setTimeout(resolve, pace));
}
`;

describe("operators say where jobs run", { ...skipUnless("bubblewrap"), timeout: 180_000 }, () => {
  let installation: Installation;
  let first: WorkerProcess;
  let second: WorkerProcess;

  before(async () => {
    installation = await Installation.start({ server: ["--lease", "4s"] });
    [first, second] = await Promise.all([
      installation.startWorker({ group: "first", arguments: ["--slots", "typescript=1"] }),
      installation.startWorker({ group: "second", arguments: ["--slots", "4,powershell=1"] }),
    ]);
    await installation.client.import("busy", "TypeScript", busy);
  });
  after(() => installation[Symbol.asyncDispose]());

  async function runsmith(...args: string[]): Promise<CommandEnd> {
    const ended = await installation.run(args).ended;
    assert.equal(ended.code, 0, `${args.join(" ")}: ${ended.stderr}`);
    return ended;
  }

  async function runningOn(jobId: string): Promise<string | null> {
    const job = await installation.client.until(jobId, ({ status }) => status === "Running", "running");
    return job.workerId;
  }

  test("the list tells slots of each kind, tags, load, memory and when a worker was seen last", async () => {
    await runsmith("set-worker", first.workerId, "--tags", "ssd, gpu");
    const told = await eventually(async () => {
      const { stdout } = await runsmith("get-worker", first.workerId, "--output", "json");
      const worker = JSON.parse(stdout) as WorkerResource;
      return worker.vitals === null ? undefined : worker;
    });
    assert.deepEqual([told.slots, told.tags, told.status, told.admission], [1, ["ssd", "gpu"], "connected", "open"]);
    assert.deepEqual(
      told.hostKinds.map(({ kind, slots }) => [kind, slots]),
      [["node", 1]],
    );
    assert.ok((told.vitals?.totalMemory ?? 0) > (told.vitals?.availableMemory ?? 0));
    assert.ok((told.vitals?.cores ?? 0) > 0 && told.lastSeenAt !== null);
    const { stdout } = await runsmith("get-worker-group");
    assert.match(stdout, /first +1\/1 +0\/1/);
    assert.match(stdout, /second +1\/1 +0\/4/);
  });

  test("a runbook's jobs go to the group it prefers, and to the next when that has no free slot", async () => {
    await runsmith("set-runbook", "busy", "--prefer", "group:first,second");
    const jobs = [await installation.client.start("busy", { pace: 60_000 })];
    assert.equal(await runningOn(jobs[0]?.jobId ?? ""), first.workerId);
    jobs.push(await installation.client.start("busy", { pace: 60_000 }));
    assert.equal(await runningOn(jobs[1]?.jobId ?? ""), second.workerId);
    for (const { jobId } of jobs) {
      await installation.client.stop(jobId, true);
      await installation.client.ended(jobId);
    }
  });

  test("a job that requires a tag runs on the worker that has it", async () => {
    await runsmith("set-runbook", "busy", "--prefer", "second,first", "--require-tags", "GPU");
    const { jobId } = await installation.client.start("busy");
    assert.equal((await installation.client.ended(jobId)).workerId, first.workerId);
    await runsmith("set-runbook", "busy", "--require-tags", "none");
  });

  test("a held runbook waits with the reason, whatever others do, and goes on when it is released", async () => {
    await runsmith("hold-dispatch", "--runbook", "busy", "--reason", "see INC-1");
    const { jobId } = JSON.parse((await runsmith("start-runbook", "busy", "--output", "json")).stdout);
    assert.match((await runsmith("get-job", jobId)).stdout, /held by administrator: see INC-1/);
    assert.match((await runsmith("get-dispatch")).stdout, /runbook busy +administrator/);
    const metrics = await installation.client.call<string>("GET", "/metrics");
    assert.match(metrics.body, /runsmith_dispatch_held\{scope="runbook",name="busy"\} 1/);
    await runsmith("release-dispatch", "--runbook", "busy");
    assert.equal((await installation.client.ended(jobId)).status, "Completed");
  });

  test("a cordoned worker stays and gets no job until it is uncordoned", async () => {
    await runsmith("set-runbook", "busy", "--worker-group", "second");
    await runsmith("cordon-worker", second.workerId);
    const { jobId } = await installation.client.start("busy");
    await eventually(async () => {
      const { statusReason } = await installation.client.job(jobId);
      return /cordoned/.test(statusReason ?? "") || undefined;
    });
    await runsmith("uncordon-worker", second.workerId);
    assert.equal((await installation.client.ended(jobId)).workerId, second.workerId);
  });

  test("a drained worker's process ends when its job is over, its job completes, and it is not lost", async () => {
    const { jobId } = await installation.client.start("busy", { pace: 1_500 });
    assert.equal(await runningOn(jobId), second.workerId);
    await runsmith("drain-worker", second.workerId);
    const { code } = await second.ended();
    assert.equal(code, 0);
    assert.equal((await installation.client.ended(jobId)).status, "Completed");
    const worker = await eventually(async () => {
      const { stdout } = await runsmith("get-worker", second.workerId, "--output", "json");
      const one = JSON.parse(stdout) as WorkerResource;
      return one.status === "disconnected" ? one : undefined;
    });
    assert.equal(worker.runningJobs, 0);
  });

  test("a worker that comes after a drained one is cordoned until it is uncordoned", async () => {
    await second.start();
    const { stdout } = await runsmith("get-worker", second.workerId);
    assert.match(stdout, /connected, cordoned/);
    await runsmith("uncordon-worker", second.workerId);
    const { jobId } = await installation.client.start("busy");
    assert.equal((await installation.client.ended(jobId)).workerId, second.workerId);
  });

  test("a removed worker's process ends, as one that is not permitted any more", async () => {
    await runsmith("remove-worker", second.workerId);
    assert.equal((await second.ended()).code, 5);
  });
});

/** Asks until there is an answer. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 100; turn += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error("It did not come to that in time.");
}
