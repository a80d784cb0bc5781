import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Installation } from "../support/installation.ts";
import { commandLine, descendantsOf, signalProcess } from "../support/processes.ts";
import { skipUnless } from "../support/requires.ts";
import { StagedJobs } from "./stages.ts";

describe("hosts killed at every stage of a job", skipUnless("bubblewrap"), () => {
  test("a job whose host is killed ends truthfully, and goes on to another attempt only when its runbook allows one", async () => {
    await using installation = await Installation.start({ server: ["--lease", "20s"] });
    using staged = await StagedJobs.start(installation);
    for (const processId of staged.scriptProcesses()) signalProcess(processId, "SIGKILL");
    staged.worker.signal("SIGCONT");

    for (const { stage, attempts, job } of await staged.finish()) {
      const told = `${stage}, ${attempts} attempts: ${job.status} (${job.statusReason})`;
      if (stage === "claimed" || stage === "queued") {
        assert.deepEqual([job.status, job.attempt], ["Completed", 1], told);
      } else if (stage === "stopping") {
        assert.deepEqual([job.status, job.attempt], ["Stopped", 1], told);
      } else if (attempts === 1) {
        assert.deepEqual([job.status, job.attempt], ["Failed", 1], told);
        assert.match(job.statusReason ?? "", /host process was lost.*SIGKILL/, told);
      } else {
        assert.deepEqual([job.status, job.attempt], ["Completed", 2], told);
      }
    }
    await staged.assertInvariants();
  });

  test("a job gets a host also when every waiting host has just been killed", async () => {
    await using installation = await Installation.start();
    const worker = await installation.startWorker();
    await installation.client.import(
      "hello",
      "TypeScript",
      `export default function () { console.log("line 1 of 1"); }`,
    );
    const accepted: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const processId of descendantsOf(worker.processId).reverse()) {
        if (processId !== guardOf(worker.processId)) signalProcess(processId, "SIGKILL");
      }
      const { jobId } = await installation.client.start("hello");
      accepted.push(jobId);
      const job = await installation.client.ended(jobId);
      assert.equal(job.status, "Completed", `${job.statusReason}`);
    }
  });
});

function guardOf(workerProcess: number): number | undefined {
  return descendantsOf(workerProcess).find((processId) => commandLine(processId).includes("guard"));
}
