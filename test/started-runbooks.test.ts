import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { runsmith } from "../cli/testing/runsmith.ts";
import type { JobResource } from "../src/contract/api/job.ts";
import type { RunbookResource } from "../src/contract/api/runbook.ts";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

describe("runbooks that start others", { ...skipUnless("bubblewrap"), timeout: 240_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    // One slot: whoever waits for another job would keep it from ever running.
    system = await CalledRunbooks.start({ slots: 1 });
    await publish("Leaf", `await sleep(given.for ?? 0); return "leaf";`);
    await publish("Middle", `const job = await startRunbook("Leaf"); return (await job.wait()).result + " by middle";`);
    await publish("Top", `const job = await startRunbook("Middle"); return (await job.wait()).result + " by top";`);
    await publish(
      "Waits",
      `const job = await startRunbook("Leaf", { for: given.for ?? 0 }, { stopWithParent: given.together === true }); await job.wait(); return job.id;`,
    );
  });
  after(() => system.close());

  const publish = (name: string, body: string) =>
    system.publish(
      name,
      `import { runbook, sleep, startRunbook, step } from "runsmith"; export default async function (given: { for?: number; together?: boolean }) { ${body} }`,
    );
  const firstChild = async (jobId: string): Promise<JobResource> => {
    for (;;) {
      const [child] = await system.children(jobId);
      if (child !== undefined) return child;
    }
  };

  test("come through with one slot, also when several wait for jobs that wait themselves, and are shown as a tree", async () => {
    const jobs = await Promise.all([system.start("Top"), system.start("Top"), system.start("Top")]);
    for (const jobId of jobs) {
      const { status, result, exception } = await system.ended(jobId);
      assert.deepEqual([status, result], ["Completed", "leaf by middle by top"], JSON.stringify(exception));
    }
    const [middle] = await system.children(jobs[0] ?? "");
    const env = { RUNSMITH_URL: system.server.url, RUNSMITH_TOKEN: system.server.token };
    const { stdout } = await runsmith(["get-job", middle?.jobId ?? ""], env);
    assert.match(stdout, /Jobs +Top Completed \S+\n +└─ Middle Completed \S+ {2}\(this job\)\n +└─ Leaf Completed/);
  });

  test("start one job for a call, though their worker is killed in its midst", async () => {
    await system.set("Waits", { attempts: 3 });
    const jobId = await system.start("Waits", { for: 3_000, together: false });
    const child = await firstChild(jobId);
    await system.killWorker();
    await system.startWorker();
    const job = await system.ended(jobId);
    assert.deepEqual([job.status, job.result], ["Completed", child.jobId], JSON.stringify(job.exception));
    assert.ok(job.attempt > 1);
    assert.equal((await system.children(jobId)).length, 1);
  });

  test("do not take another call's job for their own, though their worker is killed: what differs from attempt to attempt is told", async () => {
    await publish(
      "Fickle",
      `const job = await startRunbook("Leaf", { for: 3_000 + Math.random() }); await job.wait();`,
    );
    await system.set("Fickle", { attempts: 3 });
    const jobId = await system.start("Fickle");
    await firstChild(jobId);
    await system.killWorker();
    await system.startWorker();
    const job = await system.ended(jobId);
    assert.equal(job.status, "Failed");
    assert.match(JSON.stringify(job.exception), /earlier attempt of this job has started a job of Leaf/);
    assert.equal((await system.children(jobId)).length, 1);
  });

  test("are told that what they wait for waits for them, where only one job of their runbook runs at once", async () => {
    await publish("Alone", `const job = await startRunbook("Alone"); await job.wait();`);
    await system.set("Alone", { concurrencyLimit: 1 });
    const job = await system.run("Alone");
    assert.equal(job.status, "Failed");
    assert.match(
      JSON.stringify(job.exception),
      /Alone \(job \S+\) → Alone \(job \S+\)\. .*none of them would come to its end/,
    );
    // Each one starts another.
    await system.set("Alone", { concurrencyPolicy: "refuse" });
  });

  test("are told of it by way of others that wait in between, and as soon as all places are taken so, but not where one of them does not wait", async () => {
    await publish(
      "Ends",
      `const job = await startRunbook("Goes"); return (await job.wait()).exception?.message ?? "";`,
    );
    await publish(
      "Goes",
      `const job = await startRunbook("Middles"); const { status, exception } = await job.wait(); if (status === "Failed") throw new Error(exception?.message); return status;`,
    );
    await publish(
      "Middles",
      `const job = await startRunbook("Ends", {}, { stopWithParent: true }); const { status, result } = await job.wait(); if (result) throw new Error(String(result)); return status;`,
    );
    for (const limit of [1, 2]) {
      await system.set("Ends", { concurrencyLimit: limit });
      const job = await system.run("Ends");
      assert.equal(job.status, "Completed", JSON.stringify(job.exception));
      const circle = Array(limit).fill("Ends → Goes → Middles → ").join("");
      assert.match(String(job.result).replaceAll(/ \(job \S+\)/g, ""), new RegExp(`${circle}Ends\\. .*none of them`));
    }
    await publish("Goes", `await startRunbook("Middles"); return 1;`);
    await system.set("Ends", { concurrencyLimit: 1 });
    const job = await system.run("Ends");
    assert.deepEqual([job.status, job.result], ["Completed", ""]);
    // The last of them starts no further ones.
    await publish("Middles", `return 1;`);
  });

  test("are stopped with what they started to be stopped with them, and without what they did not", async () => {
    for (const together of [true, false]) {
      const jobId = await system.start("Waits", { for: 20_000, together });
      const child = await firstChild(jobId);
      await system.until(child.jobId, ({ status }) => status === "Running");
      await system.server.call("POST", `/api/jobs/${jobId}/stop`, { body: {} });
      assert.equal((await system.ended(jobId)).status, "Stopped");
      if (together) assert.equal((await system.ended(child.jobId)).status, "Stopped");
      else {
        assert.equal((await system.job(child.jobId)).status, "Running");
        await system.server.call("POST", `/api/jobs/${child.jobId}/stop`, { body: {} });
        await system.ended(child.jobId);
      }
    }
  });

  test("are refused what the principal that they act as may not start, in the words for what is not there", async () => {
    await publish(
      "Limited",
      `
      const told: string[] = [];
      for (const call of [() => runbook("Leaf"), () => startRunbook("Leaf"), () => startRunbook("Nobody's"), () => startRunbook("LEAF", {}, { runOn: "elsewhere" })])
        try { await call(); told.push("done"); } catch (error: any) { told.push(error.code + (/There is no runbook LEAF\\./.test(error.message) ? " LEAF" : "")); }
      return told;`,
    );
    const { body: principal } = await system.server.call<{ principalId: string }>("POST", "/api/service-principals", {
      body: { name: "narrow" },
    });
    await system.set("Limited", { runAs: "service-principal:narrow" });
    const refused = ["runbook-not-found", "runbook-not-found", "runbook-not-found", "runbook-not-found LEAF"];
    const limited = await system.run("Limited");
    assert.deepEqual(limited.result, refused, JSON.stringify(limited.exception));
    const right = { principal: principal.principalId, role: "operator", on: "runbook:Leaf" };
    assert.equal((await system.server.call("POST", "/api/rights", { body: right })).status, 201);
    const job = await system.run("Limited");
    assert.deepEqual(
      job.result,
      ["done", "done", "runbook-not-found", "runs-elsewhere"],
      JSON.stringify(job.exception),
    );
    const [child] = await system.children(job.jobId);
    assert.equal(child?.startedBy, "narrow");
    const { body: audit } = await system.server.call<{ items: { by: { signedInBy: string } }[] }>(
      "GET",
      `/api/audit?kind=job&thing=${child?.jobId}`,
    );
    assert.deepEqual(
      audit.items.map(({ by }) => by.signedInBy),
      [`job ${job.jobId}`],
    );
  });

  test("run what was published when they were started, in every attempt", async () => {
    await publish("Version", `return 1;`);
    await publish(
      "Pinned",
      `await step("first", () => 1); await sleep(given.for ?? 0); return await runbook("Version");`,
    );
    // It may be killed before its step is kept.
    await system.set("Pinned", { attempts: 3 });
    const jobId = await system.start("Pinned", { for: 1_500 });
    await system.until(jobId, ({ status }) => status === "Running");
    await publish("Version", `return 2;`);
    await system.killWorker();
    await system.startWorker();
    const job = await system.ended(jobId);
    assert.deepEqual([job.status, job.result], ["Completed", 1], JSON.stringify(job.exception));
    assert.equal(await system.resultOf("Pinned", { for: 0 }), 2);
  });

  test("do not print a secret that they hand to another, whatever it does with it", async () => {
    await system.publish(
      "Keeps",
      `import type { Secret } from "runsmith"; export default async function ({ token }: { token: Secret }) { console.log("with", token); return { token }; }`,
    );
    await publish(
      "Hands",
      `const token = ["hunter", "two", "and", "more"].join("-");
      await runbook("Keeps", { token });
      const job = await startRunbook("Keeps", { token });
      return { told: await job.wait(), output: await job.output() };`,
    );
    const job = await system.run("Hands");
    assert.equal(job.status, "Completed", JSON.stringify(job.exception));
    const [child] = await system.children(job.jobId);
    const everything = JSON.stringify([
      job,
      child,
      await system.records(job.jobId),
      await system.records(child?.jobId ?? ""),
    ]);
    assert.doesNotMatch(everything, /hunter-two/);
    assert.match(everything, /with \*{8}/);
    assert.deepEqual(child?.parameters, { token: { secret: "set" } });
  });

  test("are not started where their texts call each other in a circle, and warned of what is not published", async () => {
    await publish("Round", `return await runbook("About");`);
    await publish("About", `return await runbook("Round");`);
    const { status, body } = await system.server.call("POST", "/api/jobs", { body: { runbook: "Round" } });
    assert.equal(status, 409);
    assert.match(body.detail, /Round → About → Round/);
    await publish("Dynamic", `const name = ["Dyn", "amic"].join(""); return await runbook(name);`);
    assert.match((await system.run("Dynamic")).exception?.message ?? "", /Dynamic → Dynamic/);
    await publish("Early", `return await runbook("Later");`);
    const { body: early } = await system.server.call<RunbookResource>("GET", "/api/runbooks/Early");
    const told = early.published?.problems.filter(({ code }) => code === "called-runbook-not-published");
    assert.equal(told?.length, 1, JSON.stringify(early.published?.problems));
    assert.match((await system.run("Early")).exception?.message ?? "", /no published runbook "Later"/);
  });

  test("are told all that is wrong with the parameters that they give", async () => {
    await system.publish("Strict", `export default function ({ a }: { a: number }) { return a; }`);
    await publish("Careless", `return await runbook("Strict", { a: "one", b: 2 });`);
    const { exception } = await system.run("Careless");
    assert.equal(exception?.name, "RunbookError");
    assert.match(exception?.message ?? "", /\/parameters\/b: is not a parameter .*|\/parameters\/a: must be number/);
    await publish("Throws", `\n\nthrow new TypeError("here");`);
    await publish("Passes", `return await runbook("Throws");`);
    const failed = await system.run("Passes");
    assert.match(failed.exception?.stack ?? "", /TypeError: here\n +at .*Throws\.ts:3:/);
  });
});
