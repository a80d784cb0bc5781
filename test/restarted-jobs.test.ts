import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../src/contract/api/job.ts";
import type { JobStepResource } from "../src/contract/api/job-step.ts";
import { must } from "../src/web/testing/rights-world.ts";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

describe("an ended job tells the steps that it had under way, and is started again at them", {
  ...skipUnless("bubblewrap"),
  timeout: 240_000,
}, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
  });
  after(() => system.close());

  const publish = (name: string, body: string) =>
    system.publish(name, `import { job, sleep, step } from "runsmith"; export default async function () { ${body} }`);
  const stepsOf = async (jobId: string) => {
    const { body } = await system.server.call<{ items: JobStepResource[] }>("GET", `/api/jobs/${jobId}/steps`);
    return body.items.map(({ name, endedAt }) => `${name} ${endedAt === null ? "not done" : "done"}`);
  };
  const restart = async (jobId: string, from: string) => {
    const body = { from };
    const { jobId: newer } = await must<JobResource>(system.server, "POST", `/api/jobs/${jobId}/restart`, body, 201);
    return await system.ended(newer);
  };

  test("when a step failed: also the steps around it, and none that failed and was caught", async () => {
    await publish(
      "Fails",
      `
      await step("first", () => console.log("does first"));
      await step("tried", () => { throw new Error("no"); }).catch(() => {});
      await step("second", async () => {
        await step("inner", () => console.log("does inner"));
        await step("innermost", () => { if (job.attempt === 1) throw new Error("no"); });
      });`,
    );
    const job = await system.run("Fails");
    assert.deepEqual([job.status, job.attempt], ["Failed", 1]);
    assert.deepEqual(await stepsOf(job.jobId), [
      "first done",
      "tried done",
      "inner done",
      "second not done",
      "innermost not done",
    ]);
    for (const [from, said] of [
      ["innermost", []],
      ["second", ["does inner"]],
    ] as const) {
      const again = await restart(job.jobId, from);
      assert.equal(again.status, "Completed", JSON.stringify(again.exception));
      assert.deepEqual(await system.texts(again.jobId), said);
      assert.ok((await stepsOf(again.jobId)).every((step) => step.endsWith(" done")));
    }
    const { body } = await system.server.call("POST", `/api/jobs/${job.jobId}/restart`, { body: { from: "third" } });
    assert.match(body.remedy ?? "", /"first", "tried", "inner", "second", "innermost"\.$/);
  });

  test("when it was stopped in the midst of one that does not listen", async () => {
    await publish(
      "Slow",
      `await step("quick", () => 1); await step("slow", () => { console.log("slow"); return job.attempt === 1 ? sleep(60_000) : 1; });`,
    );
    const jobId = await system.start("Slow");
    while (!(await system.texts(jobId)).includes("slow")) await sleep(20);
    await system.server.call("POST", `/api/jobs/${jobId}/stop`, { body: {} });
    assert.equal((await system.ended(jobId)).status, "Stopped");
    assert.deepEqual(await stepsOf(jobId), ["quick done", "slow not done"]);
    assert.equal((await restart(jobId, "slow")).status, "Completed");
  });

  test("when its host died in one: it has no more attempts than without", async () => {
    await publish(
      "Dies",
      `await step("lives", () => 1); await step("dies", () => job.attempt < 4 ? process.kill(process.pid, "SIGKILL") : 1);`,
    );
    const job = await system.run("Dies");
    assert.deepEqual([job.status, job.attempt], ["Failed", 3], JSON.stringify(job.exception));
    assert.deepEqual(await stepsOf(job.jobId), ["lives done", "dies not done"]);
  });

  test("when its script in PowerShell failed", skipUnless("pwsh"), async () => {
    await system.publishPowerShell(
      "Breaks",
      `Invoke-RunbookStep first { 'does first' }
      try { Invoke-RunbookStep tried { throw 'no' } } catch { }
      Invoke-RunbookStep second { Invoke-RunbookStep inner { 'does inner' }; throw 'no' }`,
    );
    const job = await system.run("Breaks");
    assert.equal(job.status, "Failed");
    assert.deepEqual(await stepsOf(job.jobId), ["first done", "tried done", "inner done", "second not done"]);
    const again = await restart(job.jobId, "second");
    assert.equal(again.status, "Failed");
    assert.deepEqual(await stepsOf(again.jobId), ["first done", "tried done", "inner done", "second not done"]);
  });
});
