import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../contract/api/job.ts";
import type { JobStepResource } from "../../contract/api/job-step.ts";
import type { RunJobFrame } from "../../contract/link/control-frames.ts";
import { must } from "../testing/rights-world.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

const sourceOf = (text: string) => Buffer.from(text).toString("base64");

describe("an ended job that is started again behind its steps", () => {
  let server: TestServer;
  let worker: ScriptedWorker;

  before(async () => {
    server = await TestServer.start();
    worker = await ScriptedWorker.connect(server);
    const runbook = { name: "steps", kind: "PowerShell", source: sourceOf("1\n"), publish: true };
    await must(server, "POST", "/api/runbooks", runbook, 201);
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  const done = (sequence: number, name: string) => {
    const entry = { key: `step:${name}#1`, kind: "step" as const, name, branch: "", startedAt: 1_000, endedAt: 2_000 };
    return { sequence, entry: { ...entry, result: `secret of ${name}` }, shown: { name, result: `shown ${name}` } };
  };

  async function failed(): Promise<{ jobId: string }> {
    const { jobId } = await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook: "steps" }, 201);
    const first = await worker.nextJob();
    const wait = { key: "event:go#1", kind: "event" as const, name: "go", branch: "", startedAt: 1_500, endedAt: null };
    const waits = { sequence: 2, entry: { ...wait, wait: { event: "go" } }, shown: { name: "go" } };
    await worker.append(first, [], "Suspended", [done(1, "one"), waits]);
    const resumed = await server.call("POST", `/api/jobs/${jobId}/resume`);
    assert.match(`${resumed.body.type} ${resumed.body.remedy}`, /waits-for-event .*send-event \S+ "go" --value/);
    await must(server, "POST", `/api/jobs/${jobId}/events`, { name: "go", value: { version: 7 } }, 202);
    const second = await worker.nextJob();
    await worker.append(second, [], undefined, [done(1, "two"), done(2, "three")]);
    await worker.append(second, [], "Failed");
    return { jobId };
  }

  async function restarted(jobId: string, body: object): Promise<{ job: JobResource; frame: RunJobFrame }> {
    const job = await must<JobResource>(server, "POST", `/api/jobs/${jobId}/restart`, body, 201);
    const frame = await worker.nextJob();
    assert.equal(frame.jobId, job.jobId);
    return { job, frame };
  }

  const namesOf = ({ journal = [] }: RunJobFrame) => journal.map(({ name }) => name);

  test("has all that was done, or what was before a step, with what it gave, and runs the version that the former job ran", async () => {
    const { jobId } = await failed();
    const newer = { source: sourceOf("2\n") };
    await must(server, "PUT", "/api/runbooks/steps/draft", newer, 200);
    await must(server, "POST", "/api/runbooks/steps/publish", {}, 200);
    const all = await restarted(jobId, {});
    assert.deepEqual([all.job.retryOf, all.job.versionNumber], [jobId, 1]);
    assert.deepEqual(namesOf(all.frame), ["one", "go", "two", "three"]);
    assert.deepEqual(all.frame.journal?.[0]?.result, "secret of one");
    assert.deepEqual(all.frame.journal?.[1]?.answer?.value, { version: 7 });
    await worker.append(all.frame, [], "Failed");

    const some = await restarted(jobId, { from: "two" });
    assert.deepEqual(namesOf(some.frame), ["one", "go"]);
    const { items } = (await server.call<{ items: JobStepResource[] }>("GET", `/api/jobs/${some.job.jobId}/steps`))
      .body;
    assert.deepEqual(
      items.map(({ name, result, attempt }) => [name, result, attempt]),
      [
        ["one", "shown one", 1],
        ["go", null, 1],
      ],
    );
    await worker.append(some.frame, [], undefined, [done(1, "two")]);
    await worker.append(some.frame, [], "Failed");
    const again = await restarted(some.job.jobId, { from: items[1]?.stepId ?? "" });
    assert.deepEqual(namesOf(again.frame), ["one"]);
    await worker.append(again.frame, [], "Completed");
  });

  test("is refused in clear words where the step does not exist, the job goes on, or its version is gone", async () => {
    const { jobId } = await failed();
    const refused = async (id: string, body: object) =>
      (await server.call("POST", `/api/jobs/${id}/restart`, { body })).body;
    const unknown = await refused(jobId, { from: "four" });
    assert.equal(unknown.type.split("/").at(-1), "step-not-found");
    assert.match(
      unknown.remedy ?? "",
      /^Leave --from out to go on at the first step that was not done.*"one", "go", "two", "three"/,
    );
    const { frame } = await restarted(jobId, {});
    assert.match(JSON.stringify(await refused(frame.jobId, {})), /job-not-ended/);
    await worker.append(frame, [], "Completed");
    const { revision } = (await server.call<{ revision: number }>("GET", "/api/runbooks/steps")).body;
    const removed = await server.call("DELETE", "/api/runbooks/steps", { headers: { "if-match": `"${revision}"` } });
    assert.equal(removed.status, 204);
    assert.match(JSON.stringify(await refused(jobId, {})), /version-gone|runbook-not-found/);
  });
});
