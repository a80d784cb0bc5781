import assert from "node:assert/strict";
import { describe } from "node:test";
import type { JobResource } from "../../src/contract/api/job.ts";
import { skipUnless } from "../support/requires.ts";
import { testOnStores } from "../support/stored-installation.ts";
import type { StagedJob } from "./stages.ts";
import { StagedJobs } from "./stages.ts";

describe("a worker killed at every stage of a job", skipUnless("bubblewrap"), () => {
  const server = ["--lease", "10s"];
  const promise =
    "jobs of a killed worker end truthfully, and go on to another attempt only when their runbook allows one";
  testOnStores(promise, { server }, async (stored) => {
    await using staged = await StagedJobs.start(stored);
    await staged.killWorker();
    await staged.worker.start();
    assertLost(await staged.finish());
    await staged.assertInvariants();
  });

  const afterPowerCut = "a power cut that takes server and worker loses no accepted job and leaves none running";
  testOnStores(afterPowerCut, { server }, async (stored) => {
    const { installation } = stored;
    await using staged = await StagedJobs.start(stored);
    await Promise.all([installation.killServer(), staged.killWorker()]);
    await installation.restartServer();
    await staged.worker.start();
    assertLost(await staged.finish());
    await staged.assertInvariants();
  });
});

function assertLost(jobs: (StagedJob & { job: JobResource })[]): void {
  for (const { stage, attempts, job } of jobs) {
    const told = `${stage}, ${attempts} attempts: ${job.status} (${job.statusReason})`;
    if (stage === "queued" || stage === "end-stored") {
      assert.deepEqual([job.status, job.attempt], ["Completed", 1], told);
    } else if (stage === "stopping") {
      assert.deepEqual([job.status, job.attempt], ["Stopped", 1], told);
    } else if (attempts === 1) {
      assert.deepEqual([job.status, job.attempt], ["Failed", 1], told);
      assert.match(job.statusReason ?? "", /worker .* (was started anew|was lost)/, told);
    } else {
      assert.deepEqual([job.status, job.attempt], ["Completed", 2], told);
    }
  }
}
