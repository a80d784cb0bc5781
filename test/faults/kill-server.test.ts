import assert from "node:assert/strict";
import { describe } from "node:test";
import { skipUnless } from "../support/requires.ts";
import { testOnStores } from "../support/stored-installation.ts";
import { StagedJobs } from "./stages.ts";

describe("the server killed at every stage of a job", skipUnless("bubblewrap"), () => {
  const promise = "jobs live through a kill of the server: the same attempt goes on, and no record is lost or doubled";
  testOnStores(promise, { server: ["--lease", "60s"] }, async (stored) => {
    const { installation } = stored;
    await using staged = await StagedJobs.start(stored);
    const follower = installation.run([
      "get-job-output",
      staged.jobs.find(({ stage }) => stage === "streaming")?.jobId ?? "",
      "--follow",
    ]);
    await follower.printed(/line 10 of 400/);
    await installation.killServer();
    staged.worker.signal("SIGCONT");
    await installation.restartServer();

    for (const { stage, attempts, job } of await staged.finish()) {
      const told = `${stage}, ${attempts} attempts: ${job.status} (${job.statusReason})`;
      assert.deepEqual([job.status, job.attempt], [stage === "stopping" ? "Stopped" : "Completed", 1], told);
    }
    const { stdout, stderr, code } = await follower.ended;
    const expected = Array.from({ length: 400 }, (_, index) => `line ${index + 1} of 400\n`).join("");
    assert.ok(stdout === expected, `a reader who follows sees every line once, across the server's death:\n${stdout}`);
    assert.equal(code, 0, stderr);
    await staged.assertInvariants();
  });
});
