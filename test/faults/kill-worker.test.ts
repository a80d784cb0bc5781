import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobResource } from "../../src/contract/api/job.ts";
import { Installation } from "../support/installation.ts";
import { skipUnless } from "../support/requires.ts";
import type { StagedJob } from "./stages.ts";
import { StagedJobs } from "./stages.ts";

describe("a worker killed at every stage of a job", skipUnless("bubblewrap"), () => {
  test("jobs of a killed worker end truthfully, and go on to another attempt only when their runbook allows one", async () => {
    await using installation = await Installation.start({ server: ["--lease", "10s"] });
    using staged = await StagedJobs.start(installation);
    await staged.worker.kill();
    await staged.worker.start();
    assertLost(await staged.finish());
    await staged.assertInvariants();
  });

  test("a power cut that takes server and worker loses no accepted job and leaves none running", async () => {
    await using installation = await Installation.start({ server: ["--lease", "10s"] });
    using staged = await StagedJobs.start(installation);
    await Promise.all([installation.killServer(), staged.worker.kill()]);
    await installation.restartServer();
    await staged.worker.start();
    assertLost(await staged.finish());
    await staged.assertInvariants();
  });
});

function assertLost(jobs: (StagedJob & { job: JobResource })[]): void {
  for (const { stage, attempts, job } of jobs) {
    const told = `${stage}, ${attempts} attempts: ${job.status} (${job.statusReason})`;
    if (stage === "queued") {
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
