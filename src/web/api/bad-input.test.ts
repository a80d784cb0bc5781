import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ErrorBody } from "../../contract/error-body.ts";
import type { Answer } from "../testing/test-server.ts";
import { TestServer } from "../testing/test-server.ts";

describe("bad input is refused with what is wrong and what to do", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  test("a script of 20 MiB is refused before it is stored, and the caller gets to read why", async () => {
    const answer = await server.import("large", Buffer.alloc(20 * 1024 * 1024, "#"));
    assertProblem(answer, 413, "body-too-large");
    assert.match(answer.body.detail, /4194304 bytes/);
    assertProblem(await server.call("GET", "/api/runbooks/large"), 404, "runbook-not-found");
  });

  test("a script just over the limit is refused by its own bytes, one at the limit is taken", async () => {
    const limit = 4 * 1024 * 1024;
    assertProblem(await server.import("over", Buffer.alloc(limit + 1, "#")), 413, "script-too-large");
    assert.equal((await server.import("at-the-limit", Buffer.alloc(limit, "#"))).status, 201);
  });

  test("a script with NUL bytes is refused, and the place is named", async () => {
    const answer = await server.import("with-nul", "'a'\0'b'");
    assertProblem(answer, 400, "script-has-nul-byte");
    assert.match(answer.body.detail, /offset 3/);
  });

  test("a script that is not UTF-8 is refused, and the place is named", async () => {
    const answer = await server.import("latin", Buffer.concat([Buffer.from("# gr"), Buffer.from([0xfc, 0xdf])]));
    assertProblem(answer, 400, "script-not-utf-8");
    assert.match(answer.body.detail, /offset 4/);
  });

  test("a script in UTF-16 is told apart from damage", async () => {
    const answer = await server.import("wide", Buffer.from("\uFEFF'x'", "utf16le"));
    assertProblem(answer, 400, "script-is-utf-16");
  });

  test("a name with parts of a path is refused, as is every other name that is none", async () => {
    const names = [
      "../etc/passwd",
      "a/b",
      "a\\b",
      "..",
      "",
      "1st",
      ".hidden",
      "a\0b",
      "a\nb",
      "x".repeat(65),
      "con",
      "end.",
    ];
    for (const name of [...names, "01a1fa6a-b729-764b-b7d2-0dd615245581"]) {
      const answer = await server.import(name, "'x'");
      assertProblem(answer, 400, "invalid-runbook-name");
      assert.equal(answer.body.errors?.[0]?.pointer, "/name");
    }
  });

  test("a duplicate import is refused, whatever the case of its name", async () => {
    assert.equal((await server.import("Twice", "'1'")).status, 201);
    assertProblem(await server.import("Twice", "'2'"), 409, "runbook-exists");
    assertProblem(await server.import("tWICE", "'2'"), 409, "runbook-exists");
  });

  test("a body that is not JSON is refused", async () => {
    for (const body of ["{", "nonsense", '{"a":1}}', Buffer.from([0x22, 0xff, 0x22])]) {
      assertProblem(await server.call("POST", "/api/runbooks", { body }), 400, "invalid-json");
    }
    const headers = { "content-type": "text/xml" };
    assertProblem(await server.call("POST", "/api/runbooks", { body: "<a/>", headers }), 415, "unsupported-media-type");
    const gzip = { "content-encoding": "gzip" };
    assertProblem(
      await server.call("POST", "/api/runbooks", { body: "{}", headers: gzip }),
      415,
      "unsupported-media-type",
    );
  });

  test("a missing body is refused", async () => {
    assertProblem(await server.call("POST", "/api/runbooks"), 400, "invalid-json");
  });

  test("a body nested without end is refused, not answered with a crash", async () => {
    const body = `{"name":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    assertProblem(await server.call("POST", "/api/runbooks", { body }), 400, "invalid-json");
  });

  test("all that is wrong with a body is told at once, by JSON pointer", async () => {
    const answer = await server.call("POST", "/api/runbooks", {
      body: { kind: "Perl", source: 7, tags: ["a", 1], "sur/plus~": true },
    });
    assertProblem(answer, 400, "invalid-request");
    assert.deepEqual(answer.body.errors?.map(({ pointer }) => pointer).sort(), [
      "/kind",
      "/name",
      "/source",
      "/sur~1plus~0",
      "/tags/1",
    ]);
  });

  test("text that is not base64 is refused instead of being stored as other bytes", async () => {
    for (const source of ["****", "YQ", "YQ==\n", "YR=="]) {
      const answer = await server.call("POST", "/api/runbooks", { body: { name: "b64", kind: "PowerShell", source } });
      assertProblem(answer, 400, "invalid-request");
      assert.equal(answer.body.errors?.[0]?.pointer, "/source");
    }
  });

  test("unknown, malformed and doubled query parameters are refused", async () => {
    for (const query of [
      "limit=0",
      "limit=x",
      "limit=1001",
      "limit=1e400",
      "limit=-1e400",
      "unknown=1",
      "name=a&name=b",
    ]) {
      assertProblem(await server.call("GET", `/api/runbooks?${query}`), 400, "invalid-request");
    }
  });

  test("an unknown runbook is not found, on every route below it", async () => {
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/publish"],
      ["DELETE", "/draft"],
      ["GET", "/versions"],
      ["GET", "/versions/draft"],
      ["GET", "/versions/7/content"],
    ] as const) {
      assertProblem(await server.call(method, `/api/runbooks/nobody${path}`), 404, "runbook-not-found");
    }
    const draft = { body: { source: "" } };
    assertProblem(await server.call("PUT", "/api/runbooks/nobody/draft", draft), 404, "runbook-not-found");
    const change = { body: { enabled: false } };
    assertProblem(await server.call("PATCH", "/api/runbooks/nobody", change), 404, "runbook-not-found");
  });

  test("an unknown version is not found, and one that is no version is refused", async () => {
    await server.import("versions", "'x'");
    assertProblem(await server.call("GET", "/api/runbooks/versions/versions/9"), 404, "runbook-version-not-found");
    assertProblem(await server.call("GET", "/api/runbooks/versions/versions/0"), 400, "invalid-request");
    assertProblem(await server.call("GET", "/api/runbooks/versions/versions/latest"), 400, "invalid-request");
  });

  test("an address that cannot be decoded is refused", async () => {
    assertProblem(await server.call("GET", "/api/runbooks/%zz"), 400, "invalid-request");
  });

  test("a method that a route does not have is refused with those that it has", async () => {
    const answer = await server.call("PUT", "/api/runbooks");
    assertProblem(answer, 405, "method-not-allowed");
    assert.equal(answer.headers.get("allow"), "POST, GET");
  });

  test("settings out of their range are refused, by JSON pointer", async () => {
    await server.import("settings", "'x'");
    const answer = await server.call("PATCH", "/api/runbooks/settings", {
      body: { attempts: 0, timeLimit: -1, grants: [{ type: "path", path: "relative", access: "read" }], logs: {} },
    });
    assertProblem(answer, 400, "invalid-request");
    const pointers = new Set(answer.body.errors?.map(({ pointer }) => pointer.split("/")[1]));
    assert.deepEqual([...pointers].sort(), ["attempts", "grants", "logs", "timeLimit"]);
    const climbing = { grants: [{ type: "path", path: "/var/../etc", access: "read" }] };
    assertProblem(await server.call("PATCH", "/api/runbooks/settings", { body: climbing }), 400, "invalid-grant");
  });
});

/** An error answer has the shape of RFC 9457, with our members, and hides every trace of the program. */
function assertProblem(answer: Answer<ErrorBody>, status: number, type: string): void {
  assert.equal(answer.body.type, type, JSON.stringify(answer.body));
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.body.status, status);
  assert.equal(typeof answer.body.title, "string");
  assert.ok(answer.body.remedy, "every error says what to do");
  assert.notEqual(answer.body.detail, "");
  assert.doesNotMatch(JSON.stringify(answer.body), /node_modules|\.ts:\d+/);
}
