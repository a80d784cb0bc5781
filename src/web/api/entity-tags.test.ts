import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RunbookResource } from "../../contract/api/runbook.ts";
import { TestServer } from "../testing/test-server.ts";

describe("a runbook changes only from the state that the caller saw", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start();
    await server.import("tagged", "'x'");
  });
  after(() => server.close());

  const read = () => server.call<RunbookResource>("GET", "/api/runbooks/tagged");
  const change = (etag: string, description: string) =>
    server.call("PATCH", "/api/runbooks/tagged", { body: { description }, headers: { "if-match": etag } });

  test("the ETag is the revision, and a change with it passes and moves it on", async () => {
    const before = await read();
    const etag = before.headers.get("etag") ?? "";
    assert.equal(etag, `"${before.body.revision}"`);
    const changed = await change(etag, "one");
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get("etag"), etag);
  });

  test("PATCH, PUT and DELETE with an old ETag are refused with 412 and change nothing", async () => {
    const old = (await read()).headers.get("etag") ?? "";
    assert.equal((await change(old, "two")).status, 200);
    const headers = { "if-match": old };
    const source = Buffer.from("'y'").toString("base64");
    for (const answer of [
      await change(old, "three"),
      await server.call("PUT", "/api/runbooks/tagged/draft", { body: { source }, headers }),
      await server.call("DELETE", "/api/runbooks/tagged/draft", { headers }),
      await server.call("POST", "/api/runbooks/tagged/publish", { body: {}, headers }),
      await server.call("DELETE", "/api/runbooks/tagged", { headers }),
    ]) {
      assert.equal(answer.status, 412);
      assert.equal(answer.body.type, "revision-mismatch");
    }
    assert.equal((await read()).body.description, "two");
  });

  test("an If-Match that this API never gave matches nothing, and * matches what is there", async () => {
    assert.equal((await change("W/nonsense", "x")).body.type, "precondition-failed");
    assert.equal((await change("*", "four")).status, 200);
  });

  test("a caller who has the current state is told so without its body", async () => {
    const etag = (await read()).headers.get("etag") ?? "";
    const again = await server.call("GET", "/api/runbooks/tagged", { headers: { "if-none-match": `"0", ${etag}` } });
    assert.equal(again.status, 304);
    assert.equal(again.bytes.length, 0);
  });
});
