import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RunbookResource } from "../../contract/api/runbook.ts";
import { must } from "../testing/rights-world.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

/** Base64 of a script that uses a credential. */
const using = (name: string) =>
  Buffer.from(
    `import { credential } from "runsmith";\nexport default async function () {\n  return (await credential("${name}")).userName;\n}\n`,
  ).toString("base64");
const plain = Buffer.from("export default function () {}\n").toString("base64");

describe("whom jobs act as", () => {
  let server: TestServer;
  let ann: Person;
  let ben: Person;

  interface Person {
    name: string;
    principalId: string;
    token: string;
  }

  before(async () => {
    server = await TestServer.start();
    await must(server, "POST", "/api/folders", { name: "Ops" }, 201);
    await must(server, "POST", "/api/credentials", { name: "vault door", userName: "u", password: "p" }, 201);
    ann = await author("ann");
    ben = await author("ben");
    await must(
      server,
      "POST",
      "/api/rights",
      { principal: "service-principal:ann", role: "operator", on: "credential:vault door" },
      201,
    );
  });
  after(() => server.close());

  async function author(name: string): Promise<Person> {
    const { principalId } = await must<Person>(server, "POST", "/api/service-principals", { name }, 201);
    const { token } = await must<Person>(server, "POST", "/api/tokens", { name: "test", principal: principalId }, 201);
    await must(server, "POST", "/api/rights", { principal: principalId, role: "author", on: "folder:Ops" }, 201);
    return { name, principalId, token };
  }

  const as = <Body = RunbookResource & { type?: string; detail?: string }>(
    { token }: { token: string },
    method: string,
    path: string,
    body: object = {},
  ) => server.call<Body>(method, path, { token, body });

  const importing = (person: Person, name: string, source: string, more: object = {}) =>
    as(person, "POST", "/api/runbooks", { name, kind: "TypeScript", source, folder: "Ops", publish: true, ...more });

  test("may restart a job never implies acting as another than it did: once its runbook acts as somebody else, it is retried", async () => {
    const worker = await ScriptedWorker.connect(server);
    const source = Buffer.from("1\n").toString("base64");
    const imported = await as(ann, "POST", "/api/runbooks", {
      name: "changes hands",
      kind: "PowerShell",
      source,
      folder: "Ops",
      publish: true,
    });
    assert.equal(imported.status, 201);
    const { jobId } = await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook: "changes hands" }, 201);
    await worker.append(await worker.nextJob(), [], "Failed");
    const again = await must<{ jobId: string }>(server, "POST", `/api/jobs/${jobId}/restart`, {}, 201);
    await worker.append(await worker.nextJob(), [], "Failed");

    await must(server, "PATCH", "/api/runbooks/changes hands", { runAs: "service-principal:ben" }, 200);
    for (const ended of [jobId, again.jobId]) {
      const refused = await server.call<{ type?: string; remedy?: string }>("POST", `/api/jobs/${ended}/restart`, {
        body: {},
      });
      assert.deepEqual([refused.status, refused.body.type?.split("/").at(-1)], [409, "run-as-changed"]);
      assert.match(refused.body.remedy ?? "", /[Rr]etry/);
    }
    await must(server, "POST", `/api/jobs/${jobId}/retry`, {}, 201);
    await worker.close();
  });

  test("may edit a runbook never implies may use that credential: who may not use it cannot publish what names it", async () => {
    const byAnn = await importing(ann, "opens-the-vault", using("vault door"));
    assert.equal(byAnn.status, 201);
    assert.equal(byAnn.body.runAs?.name, "ann");
    const byBen = await importing(ben, "opens-it-too", using("vault door"));
    assert.deepEqual([byBen.status, byBen.body.type], [409, "assets-not-usable"]);
    const unknown = await importing(ben, "opens-nothing", using("no such door"));
    assert.deepEqual([unknown.status, unknown.body.type], [409, "assets-not-usable"]);
    // Who may not read everything does not learn by publishing which names there are.
    assert.match(String(byBen.body.detail), /credential vault door, which ben, .* may not use, or which is not there/);
    assert.match(
      String(unknown.body.detail),
      /credential no such door, which ben, .* may not use, or which is not there/,
    );
    const body = { name: "opens-nothing-either", kind: "TypeScript", source: using("no such door"), publish: true };
    const { body: told } = await server.call<{ detail?: string }>("POST", "/api/runbooks", { body });
    assert.match(String(told.detail), /names the credential no such door, which is not there\./);
    const path = "/api/runbooks/opens-it-too/publish";
    assert.equal((await as(ben, "POST", path, { assetsLater: true })).body.runAs?.name, "ben");
  });

  test("who publishes somebody else's runbook does not act for that one: the next text runs as the publisher or not at all", async () => {
    await importing(ann, "hers", plain);
    const draft = await as(ben, "PUT", "/api/runbooks/hers/draft", { source: using("vault door") });
    assert.equal(draft.body.runAs?.name, "ann");
    // A service principal was chosen by somebody; who may not act for it does not publish for it.
    const refused = await as(ben, "POST", "/api/runbooks/hers/publish");
    assert.deepEqual([refused.status, refused.body.type], [403, "run-as-not-permitted"]);
    const taken = await as(ben, "PATCH", "/api/runbooks/hers", { runAs: "service-principal:ben" });
    assert.equal(taken.body.runAs?.name, "ben");
    const unusable = await as(ben, "POST", "/api/runbooks/hers/publish");
    assert.deepEqual([unusable.status, unusable.body.type], [409, "assets-not-usable"]);
    const back = await as(ben, "PATCH", "/api/runbooks/hers", { runAs: "service-principal:ann" });
    assert.deepEqual([back.status, back.body.type], [403, "run-as-not-permitted"]);
  });

  test("only an administrator lets them act as anybody; members as their group", async () => {
    await importing(ben, "ours", plain);
    await must(server, "POST", "/api/groups", { name: "crew" }, 201);
    const group = { runAs: "group:crew" };
    assert.equal((await as(ben, "PATCH", "/api/runbooks/ours", group)).status, 403);
    const { token } = server;
    const member = `/api/groups/crew/members/${ben.principalId}`;
    assert.ok((await as({ token }, "PUT", member)).status < 300);
    assert.equal((await as(ben, "PATCH", "/api/runbooks/ours", group)).body.runAs?.name, "crew");
    const byAdministrator = await as({ token }, "PATCH", "/api/runbooks/ours", { runAs: "service-principal:ann" });
    assert.equal(byAdministrator.body.runAs?.name, "ann");
  });

  test("which principals there are is told to administrators only", async () => {
    await importing(ben, "quiet", plain);
    const refusal = async (runAs: string) => {
      const { status, body } = await as<{ type: string; detail: string }>(ben, "PATCH", "/api/runbooks/quiet", {
        runAs,
      });
      return [status, body.type, body.detail.replace(runAs, "…")];
    };
    const unknown = await refusal("no such principal");
    assert.deepEqual(unknown.slice(0, 2), [403, "run-as-not-permitted"]);
    for (const runAs of ["ANN", "service-principal:ann", ann.principalId, "user:administrator"]) {
      assert.deepEqual(await refusal(runAs), unknown, runAs);
    }
    const sought = async (runAs: string) => {
      const path = `/api/runbooks?${new URLSearchParams({ runAs })}`;
      return (await server.call<{ items: unknown[] }>("GET", path, { token: ben.token })).body;
    };
    assert.deepEqual(await sought("no such principal"), { items: [], next: null });
    assert.deepEqual(await sought("user:administrator"), { items: [], next: null });
    assert.equal((await server.call("GET", "/api/runbooks?runAs=nobody-at-all")).status, 404);
  });

  test("jobs are refused, with the reason, while whom they act as is disabled; the runbooks are found and given to another", async () => {
    await importing(ann, "orphan", plain);
    const { token } = server;
    const start = () => as<{ type: string; detail: string }>({ token }, "POST", "/api/jobs", { runbook: "orphan" });
    assert.equal((await start()).status, 201);
    await as({ token }, "PATCH", "/api/service-principals/ann", { enabled: false });
    const refused = await start();
    assert.deepEqual([refused.status, refused.body.type], [409, "run-as-unavailable"]);
    assert.match(refused.body.detail, /ann, which is disabled/);
    const found = await server.call<{ items: RunbookResource[] }>("GET", "/api/runbooks?runAs=service-principal:ann");
    assert.ok(found.body.items.some(({ name, runAs }) => name === "orphan" && runAs?.enabled === false));
    await as({ token }, "DELETE", "/api/service-principals/ann");
    assert.match((await start()).body.detail, /a principal that is gone/);
    await as({ token }, "PATCH", "/api/runbooks/orphan", { runAs: "service-principal:ben" });
    assert.equal((await start()).status, 201);
  });

  test("a token that was made for less than use publishes nothing and tests no draft, since jobs would act as its holder", async () => {
    const scope = ["read", "operate", "edit"];
    const narrow = await must<Person>(
      server,
      "POST",
      "/api/tokens",
      { name: "narrow", principal: "service-principal:ben", scope },
      201,
    );
    const published = await importing(narrow, "narrow", plain);
    assert.equal(published.status, 403);
    const draft = await as(narrow, "POST", "/api/jobs", { runbook: "narrow", draft: true });
    assert.equal(draft.status, 403);
    assert.equal((await as(ben, "POST", "/api/jobs", { runbook: "narrow", draft: true })).status, 201);
  });

  test("who starts or schedules a job with a credential by its name must be allowed to use it, however much its runbook's principal may", async () => {
    const text = `import type { Credential } from "runsmith";\nexport default function ({ login }: { login: Credential }) {\n  return login.userName;\n}\n`;
    const source = Buffer.from(text).toString("base64");
    const { token } = server;
    const body = { name: "signs-in", kind: "TypeScript", source, folder: "Ops", publish: true };
    assert.equal((await as({ token }, "POST", "/api/runbooks", body)).status, 201);
    const start = (person: { token: string }, login: string) =>
      as<{ type: string; detail: string }>(person, "POST", "/api/jobs", { runbook: "signs-in", parameters: { login } });
    const refused = await start(ben, "vault door");
    assert.deepEqual([refused.status, refused.body.type], [403, "credential-not-usable"]);
    const unknown = await start(ben, "no such door");
    assert.equal(unknown.body.detail, refused.body.detail.replace("vault door", "no such door"));
    const recurrence = { kind: "days", every: 1, at: ["03:00"] };
    await must(server, "POST", "/api/schedules", { name: "nightly", recurrence }, 201);
    const onSchedule = { principal: "service-principal:ben", role: "reader", on: "schedule:nightly" };
    await must(server, "POST", "/api/rights", onSchedule, 201);
    const link = { schedule: "nightly", runbook: "signs-in", parameters: { login: "vault door" } };
    const scheduled = await as<{ type: string }>(ben, "POST", "/api/schedule-links", link);
    assert.deepEqual([scheduled.status, scheduled.body.type], [403, "credential-not-usable"]);
    const right = { principal: "service-principal:ben", role: "operator", on: "credential:vault door" };
    const { rightId } = await must<{ rightId: string }>(server, "POST", "/api/rights", right, 201);
    assert.equal((await start(ben, "Vault Door")).status, 201);
    assert.equal((await as(ben, "POST", "/api/schedule-links", link)).status, 201);
    assert.equal((await start({ token }, "vault door")).status, 201);
    assert.equal((await server.call("DELETE", `/api/rights/${rightId}`)).status, 204);
  });

  test("grants, shared hosts and other groups' workers are not an author's to give", async () => {
    await importing(ben, "modest", plain);
    for (const change of [
      { grants: [{ type: "network" }] },
      { isolation: "runbook" },
      { shareCallers: true },
      { runOn: ["group:dmz"] },
      { standBys: ["worker:somewhere"] },
      { folder: null },
    ]) {
      const answer = await as(ben, "PATCH", "/api/runbooks/modest", change);
      assert.equal(answer.status, 403, JSON.stringify(change));
    }
    assert.equal((await as(ben, "PATCH", "/api/runbooks/modest", { description: "his" })).status, 200);
    const elsewhere = await as(ben, "PATCH", "/api/runbooks/modest", { folder: "no such folder" });
    assert.equal(elsewhere.status, 404);
    const needs = Buffer.from("/**\n * @needs network\n */\nexport default function () {}\n").toString("base64");
    const granted = await importing(ben, "needy", needs, { grantNeeded: true });
    assert.equal(granted.status, 403);
  });
});
