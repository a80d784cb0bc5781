import assert from "node:assert/strict";
import type { Right } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import { anonymous } from "../access/principal.ts";
import { emptySignature } from "../contract/signature.ts";
import { openTestSealing } from "../sealing/testing.ts";
import type { Store } from "../store/store.ts";
import { storedRows, storeTest, temporaryDirectory, temporaryStore } from "../store/testing/temporary-store.ts";
import { AssetsFeature } from "./assets-feature.ts";

const administrator: Principal = { ...anonymous, name: "ann", roles: ["administrator"] };
const principal = (...rights: Right[]): Principal => ({ ...anonymous, name: "bob", rights });
const jobId = "0190a0a0-0000-7000-8000-000000000001";

async function openAssets(t: Parameters<typeof temporaryStore>[0]): Promise<{ assets: AssetsFeature; store: Store }> {
  const store = await temporaryStore(t);
  const sealer = await openTestSealing(store, temporaryDirectory(t));
  return { assets: new AssetsFeature({ store, sealer, vaultFolder: null }), store };
}

storeTest("a job gets the values of variables and credentials, whatever the case of their names", async (t) => {
  const { assets } = await openAssets(t);
  await assets.variables.create(administrator, { name: "Site", value: ["Paris"] });
  await assets.variables.create(administrator, { name: "Key", value: "secret", encrypted: true });
  await assets.credentials.create(administrator, { name: "Ops", userName: "admin", password: "pässword" });
  const get = (kind: "variable" | "credential", name: string) => assets.valueForJob({ kind, name, runAs: null, jobId });
  assert.deepEqual(await get("variable", "SITE"), {
    kind: "variable",
    type: "object",
    value: ["Paris"],
    encrypted: false,
  });
  assert.deepEqual(await get("variable", "key"), {
    kind: "variable",
    type: "string",
    value: "secret",
    encrypted: true,
  });
  assert.deepEqual(await get("credential", "ops"), { kind: "credential", userName: "admin", password: "pässword" });
  await assert.rejects(get("credential", "key"), { code: "asset-not-found", status: 404 });
});

storeTest("a job sets a variable: encrypted stays encrypted, of many at once none is lost", async (t) => {
  const { assets, store } = await openAssets(t);
  await assets.variables.create(administrator, { name: "Key", value: "former", encrypted: true });
  const set = (value: unknown) =>
    assets.setVariableForJob({ name: "key", type: typeof value as "number", value, runAs: null, jobId });
  assert.deepEqual(await set("a canary value"), { encrypted: true });
  const [row] = await storedRows(store, "assets");
  assert.equal(JSON.stringify(row).includes("canary"), false);
  assert.equal(row?.["value_version"], 2);
  await Promise.all([1, 2, 3].map(set));
  const value = await assets.valueForJob({ kind: "variable", name: "Key", runAs: null, jobId });
  assert.equal(value.kind === "variable" && [1, 2, 3].includes(value.value as number), true);
  assert.equal((await assets.variables.get(administrator, "Key")).revision, 5);
  await assert.rejects(assets.setVariableForJob({ name: "none", type: "null", value: null, runAs: null, jobId }), {
    code: "asset-not-found",
  });
});

storeTest("a job sets the variables that its principal may edit; to use one is not enough", async (t) => {
  const { assets } = await openAssets(t);
  const { assetId } = await assets.variables.create(administrator, { name: "Count", value: 1 });
  const on = { kind: "asset", assetKind: "variable", assetId } as const;
  const set = (runAs: Principal) => assets.setVariableForJob({ name: "Count", type: "number", value: 2, runAs, jobId });
  const refused = { code: "asset-refused", status: 403 };
  await assert.rejects(set(principal({ role: "operator", on })), refused);
  await assert.rejects(set(principal({ role: "operator", on: { kind: "everything" } })), refused);
  await assert.rejects(set(principal({ role: "reader", on })), { code: "asset-not-found" });
  assert.equal((await assets.variables.get(administrator, "Count")).value, 1);
  await set(principal({ role: "author", on }));
  assert.equal((await assets.variables.get(administrator, "Count")).value, 2);
});

storeTest("a job uses what its principal may use, and learns nothing of the rest", async (t) => {
  const { assets } = await openAssets(t);
  const ops = await assets.credentials.create(administrator, { name: "ops", userName: "a", password: "b" });
  const on = { kind: "asset", assetKind: "credential", assetId: ops.assetId } as const;
  const get = (runAs: Principal, name = "ops") => assets.valueForJob({ kind: "credential", name, runAs, jobId });
  assert.equal((await get(principal({ role: "operator", on }))).kind, "credential");
  assert.equal((await get(principal({ role: "operator", on: { kind: "everything" } }))).kind, "credential");
  const unknown = await get(principal(), "none").catch((error: Error) => error.message);
  for (const runAs of [principal({ role: "reader", on }), principal()]) {
    await assert.rejects(get(runAs), (error: Error) => error.message === String(unknown).replace("none", "ops"));
  }
});

storeTest("people see, change and remove what they have a right to, and nothing else is there for them", async (t) => {
  const { assets } = await openAssets(t);
  const [ops] = await Promise.all(
    ["ops", "other"].map((name) => assets.credentials.create(administrator, { name, userName: "a", password: "b" })),
  );
  const on = { kind: "asset", assetKind: "credential", assetId: ops?.assetId ?? "" } as const;
  const [reader, author] = [principal({ role: "reader", on }), principal({ role: "author", on })];
  const { items } = await assets.credentials.list(reader, { limit: 10 });
  assert.deepEqual(
    items.map(({ name }) => name),
    ["ops"],
  );
  await assert.rejects(assets.credentials.get(reader, "other"), { code: "asset-not-found" });
  const change = { description: "changed" };
  await assert.rejects(assets.credentials.change(reader, { asset: "ops", change }), {
    code: "not-permitted",
    status: 403,
  });
  await assert.rejects(assets.credentials.change(reader, { asset: "other", change }), { code: "asset-not-found" });
  assert.equal((await assets.credentials.change(author, { asset: "ops", change })).modifiedBy, "bob");
  await assert.rejects(assets.credentials.remove(reader, { asset: "ops", force: true }), { code: "not-permitted" });
  await assert.rejects(assets.credentials.create(author, { name: "new", userName: "a", password: "b" }), {
    code: "not-permitted",
  });
  assert.deepEqual((await assets.credentials.list(principal(), { limit: 10 })).items, []);
});

storeTest(
  "an asset that a published runbook names is removed by force only, and it is told who goes without it",
  async (t) => {
    const { assets, store } = await openAssets(t);
    for (const name of ["Ops", "op"]) {
      await assets.credentials.create(administrator, { name, userName: "a", password: "b" });
    }
    const executable = 'export default async () => credential("OPS")';
    const { runbook } = await store.write.importRunbook({
      name: "restart",
      kind: "TypeScript",
      source: Buffer.from(executable),
      analysis: { signature: emptySignature, needs: [], problems: [], synopsis: "", executable },
      overwrite: false,
      settings: {},
      changedBy: "ann",
    });
    const remove = (asset: string, force = false) => assets.credentials.remove(administrator, { asset, force });
    const { runbookId } = runbook;
    await store.write.publishRunbook({ runbook: runbookId, changedBy: "ann" });
    await assert.rejects(remove("ops"), { code: "asset-in-use", message: /is used by the runbook restart/ });
    const { items } = await assets.credentials.list(administrator, { limit: 10 });
    const on = { kind: "asset", assetKind: "credential", assetId: items.at(-1)?.assetId ?? "" } as const;
    const author = principal({ role: "author", on });
    await assert.rejects(assets.credentials.remove(author, { asset: "ops", force: false }), {
      message: "The credential Ops is used by 1 that you may not see.",
    });
    assert.deepEqual(await remove("op"), { usedBy: [], further: 0 });
    assert.deepEqual(await remove("ops", true), {
      usedBy: [{ kind: "runbook", id: runbookId, name: "restart" }],
      further: 0,
    });
  },
);
