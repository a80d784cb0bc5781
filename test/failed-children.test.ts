import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../src/contract/api/job.ts";
import { must } from "../src/web/testing/rights-world.ts";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

describe("a job that failed over one that it had started", { ...skipUnless("bubblewrap"), timeout: 240_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    for (const [name, value] of [
      ["mended", false],
      ["count", 0],
    ])
      await must(system.server, "POST", "/api/variables", { name, value }, 201);
    await system.publish(
      "Child",
      `import { variable } from "runsmith"; export default async function () { if (!(await variable("mended"))) throw new Error("not mended"); return 7; }`,
    );
    await system.publish("Good", `export default function () { return 1; }`);
  });
  after(() => system.close());

  const publish = (name: string, body: string) =>
    system.publish(
      name,
      `import { runbook, setVariable, sleep, startRunbook, step, variable } from "runsmith"; export default async function () { ${body} }`,
    );
  const set = async (name: string, value: unknown) => {
    const { revision } = (await system.server.call<{ revision: number }>("GET", `/api/variables/${name}`)).body;
    const { status, body } = await system.server.call("PATCH", `/api/variables/${name}`, {
      body: { value },
      headers: { "if-match": `"${revision}"` },
    });
    assert.equal(status, 200, JSON.stringify(body));
  };
  const mended = (isMended: boolean) => set("mended", isMended);
  const children = async (jobId: string) =>
    (await system.children(jobId)).map(({ runbookName, status }) => `${runbookName} ${status}`);
  const restarted = async (jobId: string, body: object = {}) => {
    const job = await must<JobResource>(system.server, "POST", `/api/jobs/${jobId}/restart`, body, 201);
    return await system.ended(job.jobId);
  };

  const waits = (name: string) =>
    `{ const { status, result } = await ${name}.wait(); if (status !== "Completed") throw new Error(status); results.push(result); }`;

  test("starts that one anew when it is started again, and none that was done", async () => {
    await publish(
      "Parent",
      `const results: unknown[] = [];
      await step("before", () => 1);
      const done = await startRunbook("Good"); ${waits("done")}
      await step("between", () => 1);
      const child = await startRunbook("Child"); const good = await startRunbook("Good");
      ${waits("good")} ${waits("child")}
      await step("after", () => 1);
      return results;`,
    );
    await mended(false);
    const failed = await system.run("Parent");
    assert.equal(failed.exception?.message, "Failed");
    await mended(true);
    const again = await restarted(failed.jobId);
    assert.deepEqual(again.result, [1, 1, 7], JSON.stringify(again.exception));
    assert.deepEqual(await children(again.jobId), ["Child Completed"]);
    const both = await restarted(failed.jobId, { from: "start Child" });
    assert.deepEqual(both.result, [1, 1, 7], JSON.stringify(both.exception));
    assert.deepEqual(await children(both.jobId), ["Child Completed", "Good Completed"]);
  });

  test("keeps what it made of that failure, where it went on after it", async () => {
    await publish(
      "Copes",
      `const { status } = await (await startRunbook("Child")).wait();
      await step("copes", () => status);
      if (!(await variable("mended"))) throw new Error("over something else");
      return status;`,
    );
    await mended(false);
    const failed = await system.run("Copes");
    await mended(true);
    const again = await restarted(failed.jobId);
    assert.equal(again.result, "Failed", JSON.stringify(again.exception));
    assert.deepEqual(await children(again.jobId), []);
  });

  test("starts that one anew in each of its retries", async () => {
    const body = `const results: unknown[] = [];
      const child = await startRunbook("Child"); const good = await startRunbook("Good");
      ${waits("good")}
      try ${waits("child")} catch (error) { await setVariable("mended", true); throw error; }
      return results;`;
    await publish("Plain", body);
    await publish("Durable", `await step("before", () => 1); ${body}`);
    for (const name of ["Plain", "Durable"]) {
      await system.set(name, { retries: 2 });
      await mended(false);
      const job = await system.run(name);
      assert.deepEqual([job.result, job.attempt], [[1, 7], 2], `${name}: ${JSON.stringify(job.exception)}`);
      assert.deepEqual(await children(job.jobId), ["Child Failed", "Good Completed", "Child Completed"]);
    }
  });

  test("starts that one anew each time, also where it stands before others that were done, or in a step", async () => {
    const twice = `catch (error) {
        const count = await variable<number>("count");
        if (count === 1) await setVariable("mended", true);
        await setVariable("count", count + 1);
        throw error;
      }`;
    const start = `const child = await startRunbook("Child");`;
    await publish(
      "Before",
      `const results: unknown[] = []; await step("before", () => 1);
      ${start} const good = await startRunbook("Good"); ${waits("good")} try ${waits("child")} ${twice} return results;`,
    );
    await publish(
      "Within",
      `return await step("whole", async () => { const results: unknown[] = []; ${start} try ${waits("child")} ${twice} return results; });`,
    );
    for (const [name, result] of [
      ["Before", [1, 7]],
      ["Within", [7]],
    ] as const) {
      await system.set(name, { retries: 2 });
      await mended(false);
      await set("count", 0);
      const job = await system.run(name);
      assert.deepEqual([job.result, job.attempt], [result, 3], `${name}: ${JSON.stringify(job.exception)}`);
      const failed = (await children(job.jobId)).filter((child) => child.endsWith("Failed"));
      assert.deepEqual(failed, ["Child Failed", "Child Failed"]);
    }
  });

  test("but not because its worker was lost", async () => {
    await publish(
      "Lost",
      `const { status } = await (await startRunbook("Child")).wait(); await sleep(2_000); return status;`,
    );
    await system.set("Lost", { attempts: 3 });
    await mended(false);
    const jobId = await system.start("Lost");
    while ((await children(jobId))[0] !== "Child Failed");
    await system.killWorker();
    await mended(true);
    await system.startWorker();
    const job = await system.ended(jobId);
    assert.deepEqual([job.result, await children(jobId)], ["Failed", ["Child Failed"]], JSON.stringify(job.exception));
    assert.ok(job.attempt > 1);
  });

  test(
    "as a workflow that is suspended by the failure: it starts that one anew when it is resumed",
    skipUnless("pwsh"),
    async () => {
      await system.publish(
        "Flow",
        `workflow Flow { $ErrorActionPreference = 'Stop'; 'begins'; Checkpoint-Workflow; $answer = Start-SmaRunbook -Name Child -Wait; "got $answer" }`,
        "PowerShellWorkflow",
      );
      await mended(false);
      const jobId = await system.start("Flow");
      await system.until(jobId, ({ status }) => status === "Suspended" || status === "Completed");
      await mended(true);
      await must(system.server, "POST", `/api/jobs/${jobId}/resume`, {}, 202);
      const job = await system.ended(jobId);
      assert.equal(job.status, "Completed", JSON.stringify(job.exception));
      assert.deepEqual(await system.texts(jobId), ["begins", "got 7"]);
      assert.deepEqual(await children(jobId), ["Child Failed", "Child Completed"]);
    },
  );
});
