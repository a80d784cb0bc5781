import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { testAdministrator } from "../access/testing/test-principals.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import { RunbooksFeature } from "./runbooks-feature.ts";
import { ScriptAnalyser } from "./script-analyser.ts";
import { WaitingAnalyses } from "./waiting-analyses.ts";

describe("runbooks in TypeScript", () => {
  let folder: string;
  let store: Store;
  let analyser: ScriptAnalyser;
  let runbooks: RunbooksFeature;
  const told: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
    store = await openStore({ dataDirectory: folder });
    analyser = new ScriptAnalyser({
      analysePowerShell: async () => null,
      onPowerShellAvailable: () => () => undefined,
    });
    runbooks = new RunbooksFeature(store, analyser, {
      changed: (runbookId) => told.push(runbookId),
      concurrencyChanged: (runbookId) => told.push(`concurrency ${runbookId}`),
    });
  });
  after(async () => {
    analyser.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const importing = (name: string, text: string, settings: Partial<RunbookSettings> = {}) => ({
    name,
    kind: "TypeScript" as const,
    source: Buffer.from(text),
    settings,
    overwrite: false,
    publish: true,
    grantNeeded: true,
  });

  test("are analysed in a process of their own: signature, needs, synopsis, and the text that runs", async () => {
    const text =
      "\uFEFF/**\n * Greets.\n * @needs network\n */\nexport default function ({ name }: { name: string }) {\r\n  return name;\r\n}\n";
    const { runbook, created } = await runbooks.import(importing("greets", text), { caller: testAdministrator });
    assert.equal(created, true);
    assert.equal(runbook.published?.synopsis, "Greets.");
    assert.deepEqual(runbook.published?.signature?.required, ["name"]);
    assert.deepEqual(runbook.grants, [{ type: "network" }]);
    const run = await store.read.versionToRun({ versionId: runbook.published?.versionId ?? "" });
    assert.doesNotMatch(run?.executable ?? "", /: string/);
    assert.equal(run?.executable.startsWith("\uFEFF"), false);
  });

  test("that cannot be stripped stay drafts with the place of the problem", async () => {
    await assert.rejects(
      runbooks.import(importing("enums", "enum Colour { Red }\nexport default function () {}\n"), {
        caller: testAdministrator,
      }),
      { name: "UserError", code: "runbook-has-problems", status: 422 },
    );
    const runbook = await runbooks.get("enums", testAdministrator);
    assert.equal(runbook.published, null);
    assert.equal(runbook.draft?.problems[0]?.line, 1);
  });

  test("are imported once under a key, although the service crashed before it could answer", async () => {
    const idempotency = { principalId: randomUUID(), key: randomUUID(), requestHash: randomBytes(32) };
    const context = { caller: testAdministrator, idempotency };
    const first = await runbooks.import(importing("once", "export default function () {}\n"), context);
    const second = await runbooks.import(importing("once", "export default function () {}\n"), context);
    assert.equal(second.runbook.runbookId, first.runbook.runbookId);
    assert.equal(second.created, true);
    assert.equal(second.runbook.published?.number, 1);
  });

  test("whose analysis a stop of the service interrupted are analysed when it starts again", async () => {
    const powerShell = { analysePowerShell: async () => null, onPowerShellAvailable: () => () => undefined };
    const listener = { changed: () => undefined, concurrencyChanged: () => undefined };
    const stopping = new ScriptAnalyser(powerShell);
    const interrupted = new RunbooksFeature(store, stopping, listener).import(
      { ...importing("interrupted", "export default function () {}\n"), publish: false },
      { caller: testAdministrator },
    );
    stopping.close();
    assert.equal((await interrupted).runbook.draft?.analysis, "waiting");
    const failures: unknown[] = [];
    const waiting = new WaitingAnalyses(store, analyser, (error) => failures.push(error));
    while ((await runbooks.get("interrupted", testAdministrator)).draft?.analysis === "waiting") {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await waiting.close();
    assert.deepEqual(failures, []);
    const { published } = await runbooks.publish("interrupted", { grantNeeded: false }, { caller: testAdministrator });
    assert.deepEqual(published?.problems, []);
  });

  test("get an installation's default grants when they are new, and only then", async () => {
    const listener = { changed: () => undefined, concurrencyChanged: () => undefined };
    const generous = new RunbooksFeature(store, analyser, listener, [{ type: "network" }]);
    const context = { caller: testAdministrator };
    const text = "export default function () {}\n";
    const draft = (name: string, settings: Partial<RunbookSettings> = {}) => ({
      ...importing(name, text, settings),
      publish: false,
      grantNeeded: false,
    });
    assert.deepEqual((await generous.import(draft("by-default"), context)).runbook.grants, [{ type: "network" }]);
    const own = await generous.import(draft("by-itself", { grants: [{ type: "processes" }] }), context);
    assert.deepEqual(own.runbook.grants, [{ type: "processes" }]);
    await generous.change("by-default", { grants: [] }, context);
    const again = await generous.import({ ...draft("by-default"), overwrite: true }, context);
    assert.deepEqual(again.runbook.grants, []);
    assert.deepEqual((await runbooks.import(draft("without"), context)).runbook.grants, []);
  });

  test("in PowerShell are of the kind that their text is of, whatever it was sent as", async () => {
    const kindOf = async (name: string, kind: RunbookKind, text: string) => {
      const given = { ...importing(name, text), kind, publish: false };
      return (await runbooks.import(given, { caller: testAdministrator })).runbook.kind;
    };
    assert.equal(await kindOf("Shell-One", "PowerShell", "workflow Shell-One { 'x' }"), "PowerShellWorkflow");
    assert.equal(await kindOf("Shell-Two", "PowerShellWorkflow", "# workflow Shell-Two {"), "PowerShell");
    const text = Buffer.from("workflow Shell-Two { 'x' }");
    const saved = await runbooks.saveDraft("Shell-Two", text, { caller: testAdministrator });
    assert.equal(saved.kind, "PowerShellWorkflow");
  });

  test("tell those who remember them of every change", async () => {
    const { runbook } = await runbooks.import(importing("told", "export default function () {}\n"), {
      caller: testAdministrator,
    });
    told.length = 0;
    await runbooks.change("told", { description: "new" }, { caller: testAdministrator });
    await runbooks.change("told", { concurrencyLimit: 1 }, { caller: testAdministrator });
    assert.deepEqual(told, [runbook.runbookId, runbook.runbookId, `concurrency ${runbook.runbookId}`]);
  });

  test("are refused a tag or a grant that is none", async () => {
    for (const settings of [
      { tags: ["a,b"] },
      { tags: [" "] },
      { grants: [{ type: "path", path: "/a/../b", access: "read" }] },
    ]) {
      await assert.rejects(
        runbooks.import(importing("settings", "", settings as Partial<RunbookSettings>), { caller: testAdministrator }),
        { name: "UserError" },
      );
    }
  });
});
