import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../contract/api/job.ts";
import type { JobOutcome } from "../../contract/api/job-filter.ts";
import type { Page } from "../../contract/api/page.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

describe("many jobs over the API", () => {
  let server: TestServer;
  let failed: JobResource;

  before(async () => {
    server = await TestServer.start();
    const worker = await ScriptedWorker.connect(server);
    await server.import("plain", "'x'", { publish: true });
    failed = await start();
    await worker.append(await worker.nextJob(), [], "Failed");
    await worker.close();
  });
  after(() => server.close());

  const start = async () => (await server.call<JobResource>("POST", "/api/jobs", { body: { runbook: "plain" } })).body;
  const work = (what: "stop" | "retry", body: object, headers: Record<string, string> = {}) =>
    server.call<Page<JobOutcome>>("POST", `/api/jobs/${what}`, { body, headers });

  test("jobs are named or found by a filter, and never both or neither", async () => {
    const { jobId } = failed;
    const bodies = [
      {},
      { jobIds: [] },
      { jobIds: [jobId], filter: {} },
      { filter: { status: [] } },
      { filter: { x: 1 } },
    ];
    for (const body of bodies) {
      assert.equal((await work("stop", body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await work("stop", { filter: { status: ["Completed"] } })).status, 400);
    assert.equal((await work("retry", { filter: {}, after: "x" })).status, 400);
  });

  test("a retry that is repeated under its key is done once and answered the same", async () => {
    const headers = { "idempotency-key": "again and again" };
    const first = await work("retry", { filter: { runbook: "plain" } }, headers);
    assert.equal(first.status, 200);
    const second = await work("retry", { filter: { runbook: "plain" } }, headers);
    assert.deepEqual(second.body, first.body);
    const [outcome] = first.body.items;
    assert.equal(outcome?.outcome, "retried");
    const single = await server.call<JobResource>("POST", `/api/jobs/${failed.jobId}/retry`, { headers });
    assert.equal(single.status, 422, "another request under the same key is refused");
    const { body } = await server.call<JobResource>("GET", `/api/jobs/${outcome.newJobId}`);
    assert.equal(body.retryOf, failed.jobId);
    const one = { "idempotency-key": "one" };
    const retried = await server.call<JobResource>("POST", `/api/jobs/${failed.jobId}/retry`, { headers: one });
    assert.equal(retried.status, 201);
    assert.equal(retried.headers.get("location"), `/api/jobs/${retried.body.jobId}`);
    const repeated = await server.call<JobResource>("POST", `/api/jobs/${failed.jobId}/retry`, { headers: one });
    assert.equal(repeated.body.jobId, retried.body.jobId);
    assert.equal(repeated.headers.get("idempotency-replayed"), "true");
  });

  test("a list by filter pages on while a page gives a next one", async () => {
    const query = "runbook=plain&status=New,Failed&limit=1";
    const found: string[] = [];
    let after = "";
    do {
      const { body } = await server.call<Page<JobResource>>("GET", `/api/jobs?${query}${after}`);
      found.push(...body.items.map(({ jobId }) => jobId));
      after = body.next === null ? "" : `&after=${body.next}`;
    } while (after !== "");
    assert.equal(found.length, 3);
    assert.deepEqual(found, found.toSorted().toReversed());
    assert.equal((await server.call("GET", "/api/jobs?status=New,Nonsense")).status, 400);
    assert.equal((await server.call("GET", "/api/jobs?since=yesterday")).status, 400);
  });
});
