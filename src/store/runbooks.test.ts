import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { Analysis } from "../contract/analysis.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import { emptySignature } from "../contract/signature.ts";
import type { StoredRunbook } from "./operations/runbooks.ts";
import type { Store } from "./store.ts";
import { storedRows, storeTest, temporaryStore } from "./testing/temporary-store.ts";

const good: Analysis = {
  signature: { ...emptySignature, properties: { host: { type: "string" } }, required: ["host"] },
  needs: ["network"],
  problems: [],
  synopsis: "Greets.",
  executable: "export default () => 1",
};

const broken: Analysis = {
  ...good,
  executable: null,
  problems: [
    { line: 3, column: 7, severity: "error", message: "An enum cannot be stripped.", code: "enum-not-erasable" },
    { line: 4, column: 1, severity: "warning", message: "Never used.", code: "unused" },
  ],
};

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function importText(
  store: Store,
  name: string,
  text: string,
  more: { analysis?: Analysis | null; overwrite?: boolean } = {},
) {
  return store.write.importRunbook({
    name,
    kind: "TypeScript",
    source: bytes(text),
    analysis: more.analysis === undefined ? good : more.analysis,
    overwrite: more.overwrite ?? false,
    settings: {},
    changedBy: "admin",
  });
}

storeTest("an imported runbook is a draft with its signature, found by id and by name in any case", async (t) => {
  const store = await temporaryStore(t);
  const text = '\uFEFFexport default ({ host }: { host: string }) => "é"\r\n';
  const { runbook, created } = await store.write.importRunbook({
    name: "Greet",
    kind: "TypeScript",
    source: bytes(text),
    analysis: good,
    overwrite: false,
    settings: { tags: ["a", "b"], description: "Says hello", grants: [{ type: "network" }] },
    changedBy: "admin",
  });
  assert.equal(created, true);
  assert.equal(runbook.published, null);
  assert.equal(runbook.revision, 1);
  assert.deepEqual(runbook.draft?.signature, good.signature);
  assert.equal(runbook.draft?.contentHash, createHash("sha256").update(bytes(text)).digest("hex"));
  assert.deepEqual(runbook.tags, ["a", "b"]);
  assert.deepEqual(runbook.grants, [{ type: "network" }]);
  assert.equal(runbook.stopGrace, 10_000);
  assert.deepEqual(await store.read.runbook({ runbook: runbook.runbookId.toUpperCase() }), runbook);
  assert.deepEqual(await store.read.runbook({ runbook: "gREET" }), runbook);
  assert.equal(await store.read.runbook({ runbook: "other" }), null);
  const content = await store.read.runbookVersionContent({ runbook: "greet", version: "draft" });
  assert.deepEqual(content?.source, bytes(text));
});

storeTest(
  "a name is taken once, whatever its case; overwriting replaces the draft; another kind is refused",
  async (t) => {
    const store = await temporaryStore(t);
    const first = await importText(store, "greet", "1");
    await assert.rejects(importText(store, "GREET", "2"), { name: "UserError", code: "runbook-exists", status: 409 });
    const second = await importText(store, "GREET", "2", { overwrite: true });
    assert.equal(second.created, false);
    assert.equal(second.runbook.runbookId, first.runbook.runbookId);
    assert.equal(second.runbook.draft?.number, 2);
    assert.equal(second.runbook.revision, 2);
    const versions = await store.read.runbookVersions({ runbook: "greet", limit: 10 });
    assert.deepEqual(
      versions?.items.map(({ number }) => number),
      [2],
    );
    await assert.rejects(
      store.write.importRunbook({
        name: "greet",
        kind: "PowerShell",
        source: bytes("1"),
        analysis: null,
        overwrite: true,
        settings: {},
        changedBy: "admin",
      }),
      { code: "runbook-kind-differs" },
    );
  },
);

storeTest(
  "a runbook is of its draft's kind of PowerShell until it is published, and stays of that kind then",
  async (t) => {
    const store = await temporaryStore(t);
    const texts = {
      PowerShell: "'x'",
      PowerShellWorkflow: "workflow Shell { 'x' }",
      TypeScript: "export default () => 1;",
    };
    const save = (kind: keyof typeof texts, settings: Partial<RunbookSettings> = {}) =>
      store.write.importRunbook({
        name: "Shell",
        kind,
        source: bytes(texts[kind]),
        analysis: good,
        overwrite: true,
        settings,
        changedBy: "admin",
      });
    const state = ({ runbook: { kind, attempts, draft } }: { runbook: StoredRunbook }) => [
      kind,
      attempts,
      draft?.number,
    ];
    assert.deepEqual(state(await save("PowerShell")), ["PowerShell", 1, 1]);
    assert.deepEqual(state(await save("PowerShellWorkflow", { description: "d" })), ["PowerShellWorkflow", 3, 2]);
    await assert.rejects(save("TypeScript"), { code: "runbook-kind-differs", status: 409 });
    await save("PowerShellWorkflow", { attempts: 5 });
    const change = { runbook: "Shell", changedBy: "admin" };
    const draft = { ...change, kind: "PowerShell" as const, source: bytes(texts.PowerShell), analysis: good };
    assert.deepEqual(state({ runbook: await store.write.saveDraft(draft) }), ["PowerShell", 5, 3]);
    await save("PowerShellWorkflow");
    await store.write.publishRunbook(change);
    await assert.rejects(save("PowerShell"), { code: "runbook-kind-differs", message: /was published as/ });
    await assert.rejects(store.write.saveDraft(draft), { code: "runbook-kind-differs", status: 409 });
    assert.equal((await store.read.runbook({ runbook: "Shell" }))?.kind, "PowerShellWorkflow");
  },
);

storeTest("importing a text again that is there already makes no new version", async (t) => {
  const store = await temporaryStore(t);
  await importText(store, "greet", "1");
  const again = await importText(store, "greet", "1", { overwrite: true });
  assert.equal(again.runbook.revision, 1);
  const published = await store.write.publishRunbook({ runbook: "greet", changedBy: "admin" });
  const third = await importText(store, "greet", "1", { overwrite: true });
  assert.equal(third.runbook.draft, null);
  assert.deepEqual(third.runbook.published, published.published);
});

storeTest("publishing makes the draft current and what was published before history", async (t) => {
  const store = await temporaryStore(t);
  await importText(store, "greet", "1");
  const one = await store.write.publishRunbook({ runbook: "greet", changedBy: "admin" });
  await importText(store, "greet", "2", { overwrite: true });
  const two = await store.write.publishRunbook({ runbook: "greet", changedBy: "admin", grants: [{ type: "network" }] });
  assert.equal(one.published?.number, 1);
  assert.equal(two.published?.number, 2);
  assert.equal(two.draft, null);
  assert.deepEqual(two.grants, [{ type: "network" }]);
  const versions = await store.read.runbookVersions({ runbook: "greet", limit: 10 });
  assert.deepEqual(
    versions?.items.map(({ number, state }) => [number, state]),
    [
      [2, "published"],
      [1, "former"],
    ],
  );
  const former = await store.read.runbookVersionContent({ runbook: "greet", version: 1 });
  assert.deepEqual(former?.source, bytes("1"));
  await assert.rejects(store.write.publishRunbook({ runbook: "greet", changedBy: "admin" }), {
    code: "runbook-has-no-draft",
  });
});

storeTest("a script with problems is kept as draft and cannot be published, and all its errors are told", async (t) => {
  const store = await temporaryStore(t);
  const { runbook } = await importText(store, "greet", "enum A {}", { analysis: broken });
  assert.equal(runbook.draft?.problems.length, 2);
  await assert.rejects(store.write.publishRunbook({ runbook: "greet", changedBy: "admin" }), {
    code: "runbook-has-problems",
    status: 422,
    errors: [{ pointer: "/problems/0", message: "Line 3, column 7: An enum cannot be stripped." }],
  });
});

storeTest("a draft that waits for its analysis says so, is listed, and can be published when it has it", async (t) => {
  const store = await temporaryStore(t);
  const { runbook } = await importText(store, "greet", "1", { analysis: null });
  assert.equal(runbook.draft?.analysis, "waiting");
  await assert.rejects(store.write.publishRunbook({ runbook: "greet", changedBy: "admin" }), {
    code: "analysis-waiting",
  });
  const [waiting] = await store.read.versionsToAnalyse({ kind: "TypeScript", limit: 10 });
  assert.ok(waiting);
  assert.deepEqual(waiting.source, bytes("1"));
  assert.deepEqual(await store.read.versionsToAnalyse({ kind: "PowerShell", limit: 10 }), []);
  assert.deepEqual(await store.read.versionsToAnalyse({ after: waiting.versionId, limit: 10 }), []);
  assert.equal(await store.write.saveAnalysis({ versionId: waiting.versionId, analysis: good }), true);
  assert.equal(await store.write.saveAnalysis({ versionId: waiting.versionId, analysis: broken }), false);
  const published = await store.write.publishRunbook({ runbook: "greet", changedBy: "admin" });
  assert.deepEqual(published.published?.signature, good.signature);
  assert.equal(published.revision, 3);
});

storeTest("a change on an old revision is refused, and so is publishing a draft that was replaced", async (t) => {
  const store = await temporaryStore(t);
  const { runbook } = await importText(store, "greet", "1");
  const changed = await store.write.changeRunbook({
    runbook: "greet",
    expectedRevision: 1,
    settings: { enabled: false, timeLimit: 5_000, logs: { verbose: true, debug: false, progress: true } },
    changedBy: "someone",
  });
  assert.partialDeepStrictEqual(changed, {
    enabled: false,
    timeLimit: 5_000,
    logs: { verbose: true, debug: false, progress: true },
    modifiedBy: "someone",
    revision: 2,
  });
  await assert.rejects(
    store.write.changeRunbook({
      runbook: "greet",
      expectedRevision: 1,
      settings: { enabled: true },
      changedBy: "admin",
    }),
    { code: "revision-mismatch", status: 412 },
  );
  const seen = runbook.draft?.versionId;
  assert.ok(seen);
  await store.write.saveDraft({
    runbook: "greet",
    kind: "TypeScript",
    source: bytes("2"),
    analysis: good,
    changedBy: "admin",
  });
  await assert.rejects(store.write.publishRunbook({ runbook: "greet", draftVersionId: seen, changedBy: "admin" }), {
    code: "draft-changed",
  });
});

storeTest("a draft can be thrown away when there is a published version to fall back to", async (t) => {
  const store = await temporaryStore(t);
  await importText(store, "greet", "1");
  await assert.rejects(store.write.discardDraft({ runbook: "greet", changedBy: "admin" }), {
    code: "runbook-not-published",
  });
  await store.write.publishRunbook({ runbook: "greet", changedBy: "admin" });
  await importText(store, "greet", "2", { overwrite: true });
  const discarded = await store.write.discardDraft({ runbook: "greet", changedBy: "admin" });
  assert.equal(discarded.draft, null);
  assert.equal(discarded.published?.number, 1);
});

storeTest("a deleted runbook is gone with its versions, and its name is free", async (t) => {
  const store = await temporaryStore(t);
  const { runbook } = await importText(store, "greet", "1");
  await store.write.deleteRunbook({ runbook: "greet", changedBy: "admin" });
  assert.equal(await store.read.runbook({ runbook: runbook.runbookId }), null);
  await assert.rejects(store.write.deleteRunbook({ runbook: "greet", changedBy: "admin" }), {
    code: "runbook-not-found",
    status: 404,
  });
  assert.equal((await importText(store, "greet", "1")).created, true);
});

storeTest("runbooks are listed by name in pages, found by a part of the name, by wildcard and by tag", async (t) => {
  const store = await temporaryStore(t);
  for (const name of ["delta", "Alpha", "charlie", "bravo_100%", "alpha-2"]) {
    await importText(store, name, name);
  }
  await store.write.changeRunbook({ runbook: "delta", settings: { tags: ["Night", "x"] }, changedBy: "admin" });
  const first = await store.read.runbooks({ limit: 3 });
  assert.deepEqual(
    first.items.map(({ name }) => name),
    ["Alpha", "alpha-2", "bravo_100%"],
  );
  assert.ok(first.next);
  const second = await store.read.runbooks({ limit: 3, after: first.next });
  assert.deepEqual(
    second.items.map(({ name }) => name),
    ["charlie", "delta"],
  );
  assert.equal(second.next, null);
  const names = async (of: { name?: string; tag?: string }) =>
    (await store.read.runbooks({ ...of, limit: 10 })).items.map(({ name }) => name);
  assert.deepEqual(await names({ name: "LPHA" }), ["Alpha", "alpha-2"]);
  assert.deepEqual(await names({ name: "al*a" }), ["Alpha"]);
  assert.deepEqual(await names({ name: "0%" }), ["bravo_100%"]);
  assert.deepEqual(await names({ name: "_2" }), []);
  assert.deepEqual(await names({ tag: "night" }), ["delta"]);
});

storeTest(
  "a runbook with an open job is not deleted, and the draft that the job runs stays until it has ended",
  async (t) => {
    const store = await temporaryStore(t);
    const { runbook } = await importText(store, "greet", "1");
    assert.ok(runbook.draft);
    const jobId = uuidv7();
    const accepted = await store.write.acceptJob({
      jobId,
      runbookId: runbook.runbookId,
      versionId: runbook.draft.versionId,
      versionNumber: 1,
      draft: true,
      parameters: {},
      secretNames: [],
      startedBy: "admin",
      idempotency: null,
    });
    assert.equal(accepted.outcome, "accepted");
    await assert.rejects(store.write.deleteRunbook({ runbook: "greet", changedBy: "admin" }), {
      code: "runbook-has-open-jobs",
      status: 409,
    });
    await importText(store, "greet", "2", { overwrite: true });
    const texts = async () => (await storedRows(store, "runbook_versions")).map((row) => row["number"]).sort();
    assert.deepEqual(await texts(), [1, 2]);
    assert.equal(await store.write.purgeReplacedDrafts({ limit: 10 }), 0);
    assert.equal(await store.read.runbookVersion({ runbook: "greet", version: 1 }), null);
    await store.write.stopJob({ jobId, requestedBy: "admin", force: false });
    assert.equal(await store.write.purgeReplacedDrafts({ limit: 10 }), 1);
    assert.deepEqual(await texts(), [2]);
    await store.write.deleteRunbook({ runbook: "greet", changedBy: "admin" });
    assert.deepEqual(await texts(), []);
    assert.notEqual(await store.read.job({ jobId }), null);
  },
);

storeTest("the start of a job learns of a runbook whether it can run", async (t) => {
  const store = await temporaryStore(t);
  await importText(store, "greet", "1");
  assert.equal((await store.read.runbookToStart({ runbook: "greet", draft: false }))?.version, null);
  const draft = await store.read.runbookToStart({ runbook: "greet", draft: true });
  assert.partialDeepStrictEqual(draft, { name: "greet", enabled: true, version: { number: 1, errors: [] } });
  assert.deepEqual(draft?.version?.signature, good.signature);
  assert.equal(await store.read.runbookToStart({ runbook: "none", draft: false }), null);
});

storeTest(
  "a text whose analysis timed out or crashed is not branded: saving it again has it analysed again",
  async (t) => {
    const store = await temporaryStore(t);
    const unfinished: Analysis = {
      ...broken,
      signature: emptySignature,
      problems: [{ line: 1, column: 1, severity: "error", code: "analysis-timed-out", message: "Too slow." }],
    };
    const first = await importText(store, "slow", "1", { analysis: unfinished });
    const waiting = await importText(store, "slow", "1", { analysis: null, overwrite: true });
    assert.equal(waiting.runbook.draft?.versionId, first.runbook.draft?.versionId);
    assert.equal(waiting.runbook.draft?.analysis, "waiting");
    assert.deepEqual(waiting.runbook.draft?.problems, []);
    await importText(store, "slow", "1", { analysis: unfinished, overwrite: true });
    const again = await importText(store, "slow", "1", { overwrite: true });
    assert.equal(again.runbook.draft?.versionId, first.runbook.draft?.versionId);
    assert.equal(again.runbook.draft?.analysis, "done");
    assert.deepEqual(again.runbook.draft?.problems, []);
    assert.ok(again.runbook.revision > first.runbook.revision);
    const { published } = await store.write.publishRunbook({ runbook: "slow", changedBy: "admin" });
    assert.equal(published?.versionId, first.runbook.draft?.versionId);
  },
);

storeTest("problems of the text itself stay when the same text is saved again", async (t) => {
  const store = await temporaryStore(t);
  const first = await importText(store, "broken", "1", { analysis: broken });
  const again = await importText(store, "broken", "1", { overwrite: true });
  assert.deepEqual(again.runbook.draft?.problems, broken.problems);
  assert.equal(again.runbook.revision, first.runbook.revision);
});
