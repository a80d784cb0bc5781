import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import type { AuditEntryResource } from "../../contract/api/audit.ts";
import type { Page } from "../../contract/api/page.ts";
import { controlPath } from "../../contract/link/control-frames.ts";
import { TestServer } from "../testing/test-server.ts";

describe("the audit over the API", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start({ behindProxy: ["127.0.0.1/32"] });
  });
  after(() => server.close());

  const list = async (query = "") => (await server.call<Page<AuditEntryResource>>("GET", `/api/audit?${query}`)).body;

  test("tells the address that the proxy saw, and the id that the answer carries", async () => {
    const answer = await server.call("PATCH", "/api/worker-groups/dmz", {
      body: { description: "outside" },
      headers: { "x-forwarded-for": "10.0.0.1, 203.0.113.9" },
    });
    const [entry] = (await list("kind=worker-group")).items;
    assert.equal(entry?.by.address, "203.0.113.9");
    assert.equal(entry?.requestId, answer.headers.get("x-request-id"));
    assert.deepEqual([entry?.before, entry?.after], [null, { description: "outside", leaseDuration: null }]);
  });

  test("a request that is refused leaves no entry, and one that is repeated leaves one", async () => {
    const known = (await list()).items.length;
    assert.equal((await server.call("DELETE", "/api/worker-groups/none")).status, 404);
    assert.equal((await server.call("PATCH", "/api/worker-groups/a%20b", { body: {} })).status, 400);
    for (let time = 1; time <= 2; time += 1) {
      const headers = { "idempotency-key": "once" };
      await server.call("POST", "/api/dispatch/hold", { body: { scope: "all", reason: "works" }, headers });
    }
    assert.equal((await list()).items.length, known + 1);
  });

  test("is read page by page, and by nobody else than administrators", async () => {
    await server.call("POST", "/api/dispatch/release", { body: { scope: "all" } });
    const { next, items } = await list("limit=1");
    assert.equal(items[0]?.action, "release");
    assert.equal((await list(`limit=1&after=${next}`)).items[0]?.action, "hold");
    for (const query of ["after=nowhere", "since=yesterday", "kind=A%20B", "limit=0"]) {
      assert.equal((await server.call("GET", `/api/audit?${query}`)).status, 400, query);
    }
    const token = await server.workerToken();
    for (const [method, path] of [
      ["GET", "/api/audit"],
      ["GET", "/api/audit/anchor"],
      ["POST", "/api/audit/verification"],
    ] as const) {
      assert.equal((await server.call(method, path, { token })).status, 403);
    }
  });
});

test("what was denied is told by the audit, by principal and address, at the latest when the server ends", async (t) => {
  const server = await TestServer.start({ behindProxy: ["127.0.0.1/32"] });
  t.after(() => server.close());
  const token = await server.workerToken();
  const headers = { "x-forwarded-for": "203.0.113.9" };
  await server.call("GET", "/api/audit", { token, headers });
  await server.call("GET", "/api/jobs", { token, headers });
  await server.call("GET", "/api/jobs", { token: `rs_${"A".repeat(43)}`, headers });
  // What opens a worker's link is told, too.
  const link = new WebSocket(`${server.url.replace("http", "ws")}${controlPath}`, {
    headers: { ...headers, authorization: `Bearer rs_${"B".repeat(43)}` },
  });
  await new Promise((resolve) => link.on("close", resolve).on("error", () => undefined));
  const wrong = { userName: "Administrator", password: "nothing that fits" };
  await server.call("POST", "/api/session", { token: null, headers, body: wrong });
  await server.call("POST", "/api/session", { token: null, headers, body: { ...wrong, userName: "a password" } });
  await server.server.close();
  const database = new DatabaseSync(join(server.dataDirectory, "runsmith.sqlite"), { readOnly: true });
  t.after(() => database.close());
  const entries = database
    .prepare(
      "SELECT principal_kind, address, thing_name, state_after FROM audit_entries WHERE action = 'denied' ORDER BY entry_id",
    )
    .all()
    .map(({ principal_kind, address, thing_name, state_after }) => {
      const { since: _, ...counts } = JSON.parse(String(state_after)) as Record<string, unknown>;
      return { kind: principal_kind, address, tried: thing_name, ...counts };
    });
  assert.deepEqual(entries, [
    { kind: "unknown", address: "203.0.113.9", tried: null, refused: 3 },
    { kind: "worker", address: "203.0.113.9", tried: null, notPermitted: 2 },
    { kind: "unknown", address: "203.0.113.9", tried: "administrator", refused: 1 },
  ]);
});
