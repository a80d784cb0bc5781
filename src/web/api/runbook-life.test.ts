import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Analysis } from "../../contract/analysis.ts";
import type { RunbookResource } from "../../contract/api/runbook.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

describe("a runbook's life", () => {
  let server: TestServer;
  let worker: ScriptedWorker;

  before(async () => {
    server = await TestServer.start();
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  const get = async (name: string) => (await server.call<RunbookResource>("GET", `/api/runbooks/${name}`)).body;
  const publish = (name: string, body: object = {}) => server.call("POST", `/api/runbooks/${name}/publish`, { body });

  test("while no worker can analyse a script its draft says so, and it cannot be published", async () => {
    const made = await server.import<RunbookResource>("waiting", "'x'");
    assert.equal(made.status, 201);
    assert.equal(made.body.draft?.analysis, "waiting");
    assert.equal(made.body.draft?.signature, null);
    assert.equal((await publish("waiting")).body.type, "analysis-waiting");
  });

  test("what waited is analysed when a worker comes, and a publication that waits for it goes through", async () => {
    const publishing = server.import<RunbookResource>("patient", "'y'", { publish: true });
    worker = await ScriptedWorker.connect(server, found);
    const published = await publishing;
    assert.equal(published.status, 201);
    assert.equal(published.body.published?.number, 1);
    assert.equal(published.body.draft, null);
    while ((await get("waiting")).draft?.analysis !== "done") {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal((await publish("waiting")).status, 200);
  });

  test("the file's own bytes are kept: byte order mark, CRLF and all", async () => {
    const source = Buffer.from("\uFEFF# ünï\r\n'a'\r\n\n'b'");
    await server.import("bytes", source, { publish: true });
    for (const version of ["published", "1"]) {
      const { bytes, headers } = await server.call("GET", `/api/runbooks/bytes/versions/${version}/content`);
      assert.ok(bytes.equals(source));
      assert.equal(headers.get("content-type"), "application/octet-stream");
    }
    assert.equal((await get("bytes")).published?.size, source.length);
  });

  test("a script with problems stays a draft that says where they are, and is not published", async () => {
    const imported = await server.import("broken", "#error", { publish: true });
    assert.equal(imported.status, 422);
    assert.equal(imported.body.type, "runbook-has-problems");
    assert.match(imported.body.errors?.[0]?.message ?? "", /2.*7.*it does not parse/);
    assert.match(imported.body.detail, /stored as the runbook's draft/);
    const runbook = await get("broken");
    assert.equal(runbook.published, null);
    assert.deepEqual(
      runbook.draft?.problems.map(({ line, column, message }) => ({ line, column, message })),
      [{ line: 2, column: 7, message: "it does not parse" }],
    );
    assert.equal((await publish("broken")).status, 422);
  });

  test("warnings do not keep a script from being published", async () => {
    assert.equal((await server.import("warned", "#warning", { publish: true })).status, 201);
  });

  test("a script that needs more than it is granted is refused with the command that grants it", async () => {
    const imported = await server.import("needy", "#needs", { publish: true });
    assert.equal(imported.status, 409);
    assert.equal(imported.body.type, "grants-missing");
    assert.match(imported.body.remedy ?? "", /--grant-needed.*--grant "network path:\/var\/log:rw"/);
    assert.deepEqual((await get("needy")).grants, []);
    assert.equal((await publish("needy", { grantNeeded: true })).status, 200);
    assert.deepEqual((await get("needy")).grants, [
      { type: "network" },
      { type: "path", path: "/var/log", access: "write" },
    ]);
  });

  test("grants that cover what a script needs let it be published", async () => {
    await server.import("granted", "#needs");
    const grants = [{ type: "network" }, { type: "path", path: "/var//log/", access: "write" }];
    assert.equal((await server.call("PATCH", "/api/runbooks/granted", { body: { grants } })).status, 200);
    assert.equal((await publish("granted")).status, 200);
  });

  test("an import of what is published already changes nothing but the grants that are asked for", async () => {
    await server.import("again", "#needs", { publish: true, grantNeeded: true });
    await server.call("PATCH", "/api/runbooks/again", { body: { grants: [] } });
    const more = { publish: true, overwrite: true, grantNeeded: true };
    const again = await server.import<RunbookResource>("again", "#needs", more);
    assert.equal(again.status, 200);
    assert.equal(again.body.published?.number, 1);
    assert.equal(again.body.grants.length, 2);
  });

  test("an import over a runbook saves a draft, and publishing it makes the former text history", async () => {
    await server.import("history", "'1'", { publish: true, tags: ["a", "A", " b "], description: "first" });
    const second = await server.import<RunbookResource>("History", "'2'", { overwrite: true });
    assert.equal(second.status, 200);
    assert.deepEqual(second.body.tags, ["a", "b"]);
    assert.equal(second.body.description, "first");
    assert.equal(second.body.published?.number, 1);
    assert.equal(second.body.draft?.number, 2);
    await publish("history");
    const versions = await server.call<{ items: { number: number; state: string }[] }>(
      "GET",
      "/api/runbooks/history/versions",
    );
    assert.deepEqual(
      versions.body.items.map(({ number, state }) => `${number} ${state}`),
      ["2 published", "1 former"],
    );
    const former = await server.call("GET", "/api/runbooks/history/versions/1/content");
    assert.equal(former.bytes.toString(), "'1'");
  });

  test("a draft can be saved and thrown away; what is published stays", async () => {
    await server.import("drafty", "'1'", { publish: true });
    const source = Buffer.from("'2'").toString("base64");
    const saved = await server.call<RunbookResource>("PUT", "/api/runbooks/drafty/draft", { body: { source } });
    assert.equal(saved.body.draft?.number, 2);
    assert.equal((await server.call("DELETE", "/api/runbooks/drafty/draft")).status, 204);
    assert.equal((await get("drafty")).draft, null);
    assert.equal((await server.call("DELETE", "/api/runbooks/drafty/draft")).body.type, "runbook-has-no-draft");
  });

  test("lists page by key, by part of the name and by tag", async () => {
    for (const name of ["list-c", "list-a", "list-b"]) {
      await server.import(name, "'x'", { tags: [name === "list-b" ? "odd" : "even"] });
    }
    const list = async (query: string) => {
      const names: string[] = [];
      let after: string | null = "";
      while (after !== null) {
        const page: { body: { items: { name: string }[]; next: string | null } } = await server.call(
          "GET",
          `/api/runbooks?limit=1&${query}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
        );
        names.push(...page.body.items.map(({ name }) => name));
        after = page.body.next;
      }
      return names;
    };
    assert.deepEqual(await list("name=list-"), ["list-a", "list-b", "list-c"]);
    assert.deepEqual(await list("name=list-*&tag=odd"), ["list-b"]);
  });

  test("a removed runbook is gone, and its name is free", async () => {
    await server.import("gone", "'x'");
    assert.equal((await server.call("DELETE", "/api/runbooks/GONE")).status, 204);
    assert.equal((await server.call("GET", "/api/runbooks/gone")).status, 404);
    assert.equal((await server.import("gone", "'y'")).status, 201);
  });
});

/** Finds what a script's first line tells it to find. */
function found(_name: string, script: string): Partial<Analysis> {
  const problem = { line: 2, column: 7, message: "it does not parse", code: "parse" };
  if (script.startsWith("#error")) {
    return { problems: [{ ...problem, severity: "error" }], executable: null };
  }
  if (script.startsWith("#warning")) {
    return { problems: [{ ...problem, severity: "warning" }] };
  }
  return script.startsWith("#needs") ? { needs: ["network", "path:/var/log:rw"] } : {};
}
