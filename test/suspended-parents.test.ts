import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../src/contract/api/job.ts";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

describe("a job that waits for a job which it started is suspended at once when it is asked to, and has that one's result when it is resumed", {
  ...skipUnless("bubblewrap"),
  timeout: 240_000,
}, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    await system.publish(
      "Child",
      `import { waitForEvent } from "runsmith"; export default async function () { return await waitForEvent("go"); }`,
    );
  });
  after(() => system.close());

  const publish = (name: string, body: string) =>
    system.publish(
      name,
      `import { parallel, runbook, startRunbook, step } from "runsmith"; export default async function () { ${body} }`,
    );
  const post = (path: string, body: object = {}) => system.server.call("POST", path, { body });

  /** The parent suspended, its child waiting for the event. */
  async function suspended(name: string): Promise<{ jobId: string; child: JobResource }> {
    const jobId = await system.start(name);
    let child: JobResource | undefined;
    while (child?.status !== "Suspended") [child] = await system.children(jobId);
    assert.equal((await post(`/api/jobs/${jobId}/suspend`)).status, 202);
    await system.until(jobId, ({ status }) => status === "Suspended");
    return { jobId, child };
  }

  /** The child ends while the parent is suspended, and the worker is another one. */
  async function goOn({ jobId, child }: { jobId: string; child: JobResource }): Promise<JobResource> {
    await system.killWorker();
    await system.startWorker();
    await post(`/api/jobs/${child.jobId}/events`, { name: "go", value: 42 });
    assert.equal((await system.ended(child.jobId)).status, "Completed");
    assert.equal((await system.job(jobId)).status, "Suspended");
    await post(`/api/jobs/${jobId}/resume`);
    const job = await system.ended(jobId);
    assert.equal(job.status, "Completed", JSON.stringify(job.exception));
    assert.equal((await system.children(jobId)).length, 1);
    return job;
  }

  test("in TypeScript, though its worker was killed meanwhile", async () => {
    await publish(
      "Waits",
      `await step("before", () => console.log("before"));
      const job = await startRunbook("Child", {}, { stopWithParent: true });
      const { status, result } = await job.wait();
      return { status, result };`,
    );
    const job = await goOn(await suspended("Waits"));
    assert.deepEqual(job.result, { status: "Completed", result: 42 });
    assert.equal((await system.texts(job.jobId)).filter((text) => text === "before").length, 1);
  });

  test("in a branch, once the steps of the others are done", async () => {
    await publish(
      "Branches",
      `return await parallel({
        waits: async () => (await (await startRunbook("Child")).wait()).result,
        works: async () => { for (const name of ["one", "two", "three", "four"]) await step(name, () => new Promise((resolve) => setTimeout(resolve, 500))); return 1; },
      });`,
    );
    const job = await goOn(await suspended("Branches"));
    assert.deepEqual(job.result, { waits: 42, works: 1 });
  });

  test("and the job that it waits for is stopped with it, also while it is suspended", async () => {
    const { jobId, child } = await suspended("Waits");
    await post(`/api/jobs/${jobId}/stop`);
    assert.equal((await system.ended(jobId)).status, "Stopped");
    assert.equal((await system.ended(child.jobId)).status, "Stopped");
  });

  test("but not in a step, which is done as a whole, nor where nothing is kept of what it did", async () => {
    await publish(
      "InStep",
      `return await step("whole", async () => (await (await startRunbook("Child")).wait()).result);`,
    );
    await publish("Plain", `return (await (await startRunbook("Child")).wait()).result;`);
    for (const name of ["InStep", "Plain"]) {
      const jobId = await system.start(name);
      let child: JobResource | undefined;
      while (child?.status !== "Suspended") [child] = await system.children(jobId);
      await post(`/api/jobs/${jobId}/suspend`);
      await post(`/api/jobs/${child.jobId}/events`, { name: "go", value: 7 });
      assert.equal((await system.ended(jobId)).result, 7);
    }
  });

  describe("in PowerShell", skipUnless("pwsh"), () => {
    for (const [how, waits] of Object.entries({
      "with Wait-AutomationJob": `(Wait-AutomationJob -Id (Start-SmaRunbook -Name Child)).JobStatus`,
      "with Start-SmaRunbook -Wait": `Start-SmaRunbook -Name Child -Wait`,
      "by a call of its name": `Child`,
    }))
      test(how, async () => {
        await system.publishPowerShell(
          "Caller",
          `Invoke-RunbookStep before { 'before' } | Write-Host\n"got $(${waits})"`,
        );
        const job = await goOn(await suspended("Caller"));
        assert.deepEqual(await system.texts(job.jobId), [how.startsWith("with Wait") ? "got Completed" : "got 42"]);
      });
  });
});
