import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

const adds = `export default async function ({ a, b = 1 }: { a: number; b?: number }) { console.log("adding", a, b); return { sum: a + b }; }`;

describe("a runbook in TypeScript", { ...skipUnless("bubblewrap"), timeout: 120_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    await system.publish("Add", adds);
  });
  after(() => system.close());

  const calls = (name: string, body: string) =>
    system.publish(
      name,
      `import { runbook, startRunbook, step, RunbookError } from "runsmith"; export default async function (given: any) { ${body} }`,
    );

  test("calls another within itself: its output is written here, its result comes back", async () => {
    await calls(
      "Caller",
      `const { sum } = await runbook<{ sum: number }>("add", { a: 2 }); console.log("got", sum); return sum;`,
    );
    const job = await system.run("Caller");
    assert.deepEqual([job.status, job.result], ["Completed", 3], JSON.stringify(job.exception));
    assert.deepEqual(await system.texts(job.jobId), ["adding 2 1", "got 3", "3"]);
    assert.deepEqual(await system.children(job.jobId), []);
  });

  test("starts another as a job, waits for it, and reads what it wrote", async () => {
    await calls(
      "Starter",
      `
      const job = await startRunbook("Add", { a: 4, b: 5 });
      const { status, result } = await job.wait({ timeout: 30_000 });
      return { id: job.id, status, result, output: (await job.output()).map(({ text }) => text) };`,
    );
    const job = await system.run("Starter");
    assert.equal(job.status, "Completed", JSON.stringify(job.exception));
    const [child] = await system.children(job.jobId);
    assert.deepEqual(job.result, {
      id: child?.jobId,
      status: "Completed",
      result: { sum: 9 },
      output: ["adding 4 5", "{ sum: 9 }"],
    });
    assert.equal(child?.parentJobId, job.jobId);
  });
});
