import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { controlPath } from "../../contract/link/control-frames.ts";
import { recordsPath } from "../../contract/link/records-frames.ts";
import { TestServer } from "../testing/test-server.ts";

interface Operation {
  method: string;
  path: string;
  needsToken: boolean;
}

describe("every route is guarded", () => {
  let server: TestServer;
  let operations: Operation[];
  let workerToken: string;

  before(async () => {
    // So that each route is asked from an address of its own: one with many wrong tokens is told to wait.
    server = await TestServer.start({ behindProxy: ["127.0.0.1/32"] });
    workerToken = await server.workerToken();
    operations = await tableOf(server);
  });
  after(() => server.close());

  test("only the probes and signing in are open to callers without a token", async () => {
    const open = operations.filter(({ needsToken }) => !needsToken).map(({ path }) => path);
    assert.deepEqual(open.sort(), [
      "/api/session",
      "/api/sign-in",
      "/api/sign-in/x",
      "/api/sign-in/x/callback",
      "/healthz",
      "/readyz",
    ]);
    for (const path of ["/healthz", "/readyz"]) {
      assert.equal((await server.call("GET", path, { token: null })).status, 200);
    }
  });

  test("every other route refuses a caller without a token, with an unknown one, and with a malformed header", async () => {
    const unknown = `rs_${randomBytes(32).toString("base64url")}`;
    for (const [index, { method, path }] of operations.filter(({ needsToken }) => needsToken).entries()) {
      const place = `${method} ${path}`;
      const from = { "x-forwarded-for": `203.0.113.${index % 256}` };
      for (const token of [null, unknown, "nonsense"]) {
        const answer = await server.call(method, path, { token, headers: from });
        assert.equal(answer.status, 401, place);
        assert.equal(answer.body.type, token === null ? "not-signed-in" : "token-refused", place);
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/, place);
      }
      const basic = await server.call(method, path, {
        token: null,
        headers: { ...from, authorization: "Basic bm8gY29sb24=" },
      });
      assert.equal(basic.status, 401, place);
    }
  });

  test("every other route refuses a worker's token", async () => {
    for (const { method, path } of operations.filter(({ needsToken }) => needsToken)) {
      const answer = await server.call(method, path, { token: workerToken });
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.equal(answer.body.type, "not-permitted");
    }
  });

  test("the worker's links refuse an administrator's token and none", async () => {
    for (const path of [controlPath, recordsPath]) {
      for (const token of [undefined, server.token]) {
        assert.notEqual(await linkIsKept(server, path, token), true, path);
      }
    }
  });

  test("a removed worker's token is dead at once", async () => {
    const made = await server.call<{ workerId: string; token: string }>("POST", "/api/workers", { body: {} });
    const { workerId, token } = made.body;
    assert.equal((await server.call("GET", "/api/workers", { token })).status, 403);
    assert.equal((await server.call("DELETE", `/api/workers/${workerId}`)).status, 204);
    assert.equal((await server.call("GET", "/api/workers", { token })).status, 401);
  });

  test("an unknown address below /api tells nothing to strangers", async () => {
    assert.equal((await server.call("GET", "/api/unknown", { token: null })).status, 401);
    assert.equal((await server.call("GET", "/api/unknown")).status, 404);
  });
});

async function tableOf(server: TestServer): Promise<Operation[]> {
  const { body } = await server.call<{ paths: Record<string, Record<string, { security?: unknown[] }>> }>(
    "GET",
    "/api/openapi.json",
  );
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "x"),
      needsToken: operation.security?.length !== 0,
    })),
  );
}

/** Whether a link stays open until the service has had its say. */
async function linkIsKept(server: TestServer, path: string, token: string | undefined): Promise<boolean> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(server.url.replace("http", "ws") + path, { headers });
  return new Promise((resolve) => {
    socket.on("message", () => resolve(true));
    socket.on("close", () => resolve(false));
    socket.on("error", () => resolve(false));
  });
}
