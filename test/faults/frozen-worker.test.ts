import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WorkerResource } from "../../src/contract/api/worker.ts";
import type { Installation as InstallationType } from "../support/installation.ts";
import { Installation } from "../support/installation.ts";
import { broken, examineHistory } from "../support/job-invariants.ts";
import { LiveAttempts, liveAttempts, processOfJob } from "../support/live-attempts.ts";
import { descendantsOf, eventually, signalProcess } from "../support/processes.ts";
import { skipUnless } from "../support/requires.ts";
import { counting } from "./counting.ts";

/** Longer than any run here lasts, unless it is ended. */
const slow = { lines: 10_000, pace: 20 };

describe("a worker that stands still for longer than its lease", skipUnless("bubblewrap"), () => {
  test("has its hosts ended by its guard; its jobs end truthfully, and nothing it writes later counts", async () => {
    await using installation = await Installation.start({ server: ["--lease", "5s"] });
    const { client } = installation;
    using live = new LiveAttempts();
    const frozen = await installation.startWorker();
    const [once, again] = await startBoth(installation);
    frozen.signal("SIGSTOP");
    await eventually(() => !isLive(once) && !isLive(again), "the end of the hosts by the guard");

    const failed = await client.ended(once);
    assert.equal(failed.status, "Failed");
    assert.match(failed.statusReason ?? "", /was lost \(no heartbeat/);
    const other = await installation.startWorker();
    const taken = await client.until(
      again,
      ({ attempt, status }) => attempt === 2 && status === "Running",
      "run again",
    );
    assert.equal(taken.workerId, other.workerId);
    const before = await recordsOfFirstAttempts(installation, [once, again]);

    frozen.signal("SIGCONT");
    await untilConnected(installation, frozen.workerId);
    await client.stop(again);
    assert.equal((await client.ended(again)).status, "Stopped");
    // It is of use again, and what it had left to say has been refused by then.
    await other.stop();
    const last = await client.start("once", { lines: 10, pace: 1 });
    assert.equal((await client.ended(last.jobId)).workerId, frozen.workerId);
    assert.deepEqual(await recordsOfFirstAttempts(installation, [once, again]), before);
    assert.equal((await client.job(once)).status, "Failed");

    await installation.stop();
    assert.deepEqual([...live.overlaps], [], "two attempts of a job lived at the same time");
    assert.deepEqual(broken(examineHistory(installation.dataDirectory, [once, again, last.jobId])), {});
  });

  test("may be frozen with its guard and its hosts: what they write after the thaw does not count", async () => {
    await using installation = await Installation.start({ server: ["--lease", "5s"] });
    const { client } = installation;
    const frozen = await installation.startWorker();
    const [once, again] = await startBoth(installation);
    const machine = [frozen.processId, ...descendantsOf(frozen.processId)];
    for (const processId of machine) signalProcess(processId, "SIGSTOP");

    const failed = await client.ended(once);
    assert.equal(failed.status, "Failed");
    assert.match(failed.statusReason ?? "", /was lost \(no heartbeat/);
    await installation.startWorker();
    await client.until(again, ({ attempt, status }) => attempt === 2 && status === "Running", "run again");
    const before = await recordsOfFirstAttempts(installation, [once, again]);
    for (const processId of machine) signalProcess(processId, "SIGCONT");
    await untilConnected(installation, frozen.workerId);
    const lives = (jobId: string, attempt: string) =>
      liveAttempts().some((found) => found.jobId === jobId && found.attempt === attempt);
    await eventually(() => !lives(once, "1") && !lives(again, "1"), "the end of the hosts after the thaw");
    assert.deepEqual(await recordsOfFirstAttempts(installation, [once, again]), before);
    assert.ok(lives(again, "2"), "the attempt that counts lives on");
    await client.stop(again);
    assert.equal((await client.ended(again)).status, "Stopped");
    assert.equal((await client.job(once)).status, "Failed");

    await installation.stop();
    assert.deepEqual(broken(examineHistory(installation.dataDirectory, [once, again])), {});
  });
});

/** A job that may have one attempt, and one that may have three; both run. */
async function startBoth({ client }: InstallationType): Promise<[string, string]> {
  await client.import("once", "TypeScript", counting, { attempts: 1 });
  await client.import("again", "TypeScript", counting, { attempts: 3 });
  const { jobId: once } = await client.start("once", slow);
  const { jobId: again } = await client.start("again", slow);
  for (const jobId of [once, again]) await client.until(jobId, ({ recordCount }) => recordCount > 0, "running");
  return [once, again];
}

function isLive(jobId: string): boolean {
  return processOfJob(jobId) !== undefined;
}

async function recordsOfFirstAttempts({ client }: InstallationType, jobs: string[]): Promise<number[]> {
  const counts: number[] = [];
  for (const jobId of jobs) counts.push((await client.records(jobId)).filter(({ attempt }) => attempt === 1).length);
  return counts;
}

async function untilConnected({ client }: InstallationType, workerId: string): Promise<void> {
  await eventually(async () => {
    const worker = await client.ask<WorkerResource>("GET", `/api/workers/${workerId}`);
    return worker.status === "connected";
  }, "the worker's return");
}
