import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TestServer } from "../testing/test-server.ts";

interface Document {
  paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
}

describe("what every answer is sent with", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start({ requestLimit: 400 });
  });
  after(() => server.close());

  test("nothing is cached, sniffed, framed, run or read by another site, and no address is handed on", async () => {
    const answers = [
      await server.call("GET", "/api/jobs"),
      await server.call("GET", "/api/openapi.json"),
      await server.call("GET", "/healthz", { token: null }),
      await server.call("GET", "/api/jobs", { token: null }),
      await server.call("GET", "/nowhere"),
      await server.call("POST", "/api/jobs", { body: "{" }),
      await server.call("PUT", "/healthz", { token: null }),
      await server.call("GET", "/api/%zz"),
      await server.call("GET", "/metrics"),
    ];
    for (const { headers, status } of answers) {
      assert.equal(headers.get("cache-control"), "no-store", String(status));
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
      assert.equal(headers.get("access-control-allow-origin"), null);
      assert.equal(headers.get("x-powered-by"), null);
      assert.equal(headers.get("server"), null);
    }
    const stream = await fetch(`${server.url}/api/events?topics=jobs`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    assert.equal(stream.headers.get("cache-control"), "no-store");
    assert.equal(stream.headers.get("x-content-type-options"), "nosniff");
    await stream.body?.cancel();
  });

  test("no address holds a secret, and none is taken from one", async () => {
    const { body } = await server.call<Document>("GET", "/api/openapi.json");
    const inAddresses = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ parameters = [] }) =>
        parameters.filter((parameter) => parameter.in !== "header").map(({ name }) => `${path} ${name}`),
      ),
    );
    const secretive = inAddresses.filter((name) => /password|secret(?!s$)|token$|api-?key|\bkey$/i.test(name));
    assert.deepEqual(
      secretive.filter((name) => !name.startsWith("/api/tokens/{")),
      [],
    );
    for (const name of ["access_token", "token", "api_key", "authorization"]) {
      const answer = await server.call("GET", `/api/jobs?${name}=${server.token}`, { token: null });
      assert.equal(answer.status, 401, name);
    }
  });

  test("a program of another site is allowed nothing: there is no answer to its question", async () => {
    const asked = await server.call("OPTIONS", "/api/jobs", {
      headers: { origin: "https://other.example", "access-control-request-method": "POST" },
    });
    assert.equal(asked.status, 405);
    assert.equal(asked.headers.get("access-control-allow-methods"), null);
  });

  test("nobody is led elsewhere", async () => {
    for (const path of [
      "//other.example/",
      "/api//other.example",
      "/%5cother.example",
      "/api/jobs/..%2f..%2fother.example",
    ]) {
      const answer = await fetch(server.url + path, {
        redirect: "manual",
        headers: { authorization: `Bearer ${server.token}` },
      });
      assert.equal(answer.headers.get("location"), null, path);
      assert.ok(answer.status >= 400, path);
    }
  });

  test("who sends more requests a minute than the installation takes is told when to go on", async () => {
    const answers = await Promise.all(Array.from({ length: 420 }, () => server.call("GET", "/api/installation")));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    assert.equal(refused[0]?.body.type, "too-many-requests");
    assert.match(refused[0]?.headers.get("retry-after") ?? "", /^\d+$/);
    assert.equal((await server.call("GET", "/healthz", { token: null })).status, 200);
  });
});
