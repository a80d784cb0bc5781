import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { RunbookResource } from "../../contract/api/runbook.ts";
import { TestServer } from "../testing/test-server.ts";

describe("a POST with an Idempotency-Key", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  const importBody = (name: string) => ({
    name,
    kind: "PowerShell",
    source: Buffer.from("'x'").toString("base64"),
  });

  test("is done once, and answered the same however often it is repeated", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const body = importBody("once");
    const first = await server.call<RunbookResource>("POST", "/api/runbooks", { body, headers });
    const second = await server.call<RunbookResource>("POST", "/api/runbooks", { body, headers });
    assert.equal(first.status, 201);
    assert.equal(second.status, 201);
    assert.deepEqual(second.body, first.body);
    assert.equal(first.headers.get("idempotency-replayed"), null);
    assert.equal(second.headers.get("idempotency-replayed"), "true");
  });

  test("is done once when repetitions run at the same time", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const body = importBody("at-once");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.call<RunbookResource>("POST", "/api/runbooks", { body, headers })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 201),
    );
    assert.equal(new Set(answers.map(({ body: { runbookId } }) => runbookId)).size, 1);
  });

  test("is refused when the key came with another request before", async () => {
    const headers = { "idempotency-key": randomUUID() };
    await server.call("POST", "/api/runbooks", { body: importBody("one"), headers });
    const other = await server.call("POST", "/api/runbooks", { body: importBody("other"), headers });
    assert.equal(other.status, 422);
    assert.equal(other.body.type, "idempotency-key-reused");
  });

  test("may be tried again after a refusal, which has changed nothing", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const path = "/api/runbooks/late/publish";
    assert.equal((await server.call("POST", path, { body: {}, headers })).body.type, "runbook-not-found");
    await server.call("POST", "/api/runbooks", { body: importBody("late") });
    assert.equal((await server.call("POST", path, { body: {}, headers })).body.type, "analysis-waiting");
  });

  test("never stores a worker's token: a repetition is refused instead of showing it again", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const body = { name: "secretive" };
    const first = await server.call<{ token: string }>("POST", "/api/workers", { body, headers });
    assert.equal(first.status, 201);
    const second = await server.call("POST", "/api/workers", { body, headers });
    assert.equal(second.status, 409);
    assert.equal(second.body.type, "answer-not-repeated");
    assert.doesNotMatch(JSON.stringify(second.body), /rs_/);
  });

  test("is refused when the key is not visible ASCII or too long", async () => {
    for (const key of ["x".repeat(256), "\u00e4"]) {
      const headers = { "idempotency-key": key };
      const answer = await server.call("POST", "/api/runbooks", { body: importBody("keys"), headers });
      assert.equal(answer.body.type, "invalid-request");
    }
  });
});
