import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Installation } from "../support/installation.ts";
import { commandLine, descendantsOf, signalProcess } from "../support/processes.ts";
import { skipUnless } from "../support/requires.ts";
import { testOnStores } from "../support/stored-installation.ts";
import type { Stage } from "./stages.ts";
import { StagedJobs } from "./stages.ts";

/** Whose jobs have no host yet, or none any more. */
const unharmed: ReadonlySet<Stage> = new Set(["claimed", "queued", "end-sent", "end-stored"]);

describe("hosts killed at every stage of a job", skipUnless("bubblewrap"), () => {
  const promise =
    "a job whose host is killed ends truthfully, and goes on to another attempt only when its runbook allows one";
  testOnStores(promise, { server: ["--lease", "20s"] }, async (stored) => {
    await using staged = await StagedJobs.start(stored);
    for (const processId of [...staged.scriptProcesses(), ...staged.startingProcesses()])
      signalProcess(processId, "SIGKILL");
    staged.worker.signal("SIGCONT");

    for (const { stage, attempts, job } of await staged.finish()) {
      const told = `${stage}, ${attempts} attempts: ${job.status} (${job.statusReason})`;
      if (unharmed.has(stage)) {
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
