import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { NewAsset } from "./operations/assets.ts";
import type { Store } from "./store.ts";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const sealed = Uint8Array.of(1, 2, 3);

function newAsset(more: Partial<NewAsset> = {}): NewAsset {
  return {
    assetId: newId(),
    kind: "credential",
    name: "Ops",
    description: "",
    content: { userName: "admin" },
    sealed,
    expiresAt: null,
    uses: [],
    changedBy: "ann",
    ...more,
  };
}

const change = (asset: NewAsset, more: Partial<Parameters<Store["write"]["changeAsset"]>[0]> = {}) => {
  const { kind, assetId, name, description, content, expiresAt, uses } = asset;
  return { kind, assetId, name, description, content, expiresAt, uses, changedBy: "bob", expectedRevision: 1, ...more };
};

storeTest("an asset is made, read by id and by name, changed from the state that was seen, and removed", async (t) => {
  const store = await temporaryStore(t);
  const asset = newAsset();
  const made = await store.write.createAsset(asset);
  assert.equal(made.revision, 1);
  assert.equal(made.hasSecret, true);
  assert.deepEqual(made.content, { userName: "admin" });
  assert.deepEqual(await store.read.asset({ kind: "credential", asset: "OPS" }), made);
  assert.deepEqual(await store.read.asset({ kind: "credential", asset: asset.assetId.toUpperCase() }), made);
  assert.equal(await store.read.asset({ kind: "variable", asset: "Ops" }), null);
  assert.deepEqual(await store.read.assetWithSecret({ kind: "credential", asset: "ops" }), { asset: made, sealed });

  const described = await store.write.changeAsset(change(asset, { description: "for nights" }));
  assert.equal(described.revision, 2);
  assert.equal(described.modifiedBy, "bob");
  assert.equal(described.valueVersion, 1);
  const later = { sealed: Uint8Array.of(9), valueVersion: 2 };
  await assert.rejects(store.write.changeAsset(change(asset, { secret: later })), { code: "revision-mismatch" });
  await store.write.changeAsset(change(asset, { secret: later, expectedRevision: 2 }));
  const found = await store.read.assetWithSecret({ kind: "credential", asset: "ops" });
  assert.deepEqual(found?.sealed, later.sealed);
  assert.equal(found?.asset.valueVersion, 2);

  const of = { kind: "credential", assetId: asset.assetId, force: false } as const;
  await assert.rejects(store.write.removeAsset({ ...of, expectedRevision: 1 }), { code: "revision-mismatch" });
  await store.write.removeAsset({ ...of, expectedRevision: 3 });
  assert.equal(await store.read.asset({ kind: "credential", asset: "ops" }), null);
  await assert.rejects(store.write.removeAsset({ ...of, expectedRevision: 3 }), { code: "asset-not-found" });
});

storeTest("what was checked by an asset as it was is not written once that is another", async (t) => {
  const store = await temporaryStore(t);
  const type = newAsset({ kind: "connection-type", name: "Server", sealed: null, content: { fields: [] } });
  await store.write.createAsset(type);
  const seen = { kind: type.kind, assetId: type.assetId, revision: 1 } as const;
  const connection = (name: string) =>
    newAsset({ kind: "connection", name, uses: [type.assetId], checkedBy: seen, content: { typeId: type.assetId } });
  const made = connection("build");
  await store.write.createAsset(made);
  await assert.rejects(store.write.changeAsset(change(type, { whileUnused: true })), { code: "asset-in-use" });
  await store.write.changeAsset(change(type, { description: "for nights" }));
  const former = { code: "checked-by-former", status: 409 };
  await assert.rejects(store.write.createAsset(connection("nightly")), former);
  await assert.rejects(store.write.changeAsset(change(made, { checkedBy: seen })), former);
  await store.write.changeAsset(change(made, { checkedBy: { ...seen, revision: 2 } }));
  await store.write.removeAsset({ ...seen, force: true, expectedRevision: 2 });
  await assert.rejects(store.write.changeAsset(change(made, { checkedBy: seen, expectedRevision: 2 })), former);
});

storeTest(
  "names of one kind are unique without regard to case, in any alphabet; those of two kinds are apart",
  async (t) => {
    const store = await temporaryStore(t);
    await store.write.createAsset(newAsset({ name: "Zugänge" }));
    const taken = { code: "asset-exists", status: 409 };
    await assert.rejects(store.write.createAsset(newAsset({ name: "ZUGÄNGE" })), taken);
    await store.write.createAsset(newAsset({ name: "zugänge", kind: "variable" }));
    const other = newAsset({ name: "other" });
    await store.write.createAsset(other);
    await assert.rejects(store.write.changeAsset(change(other, { name: "zugänge" })), taken);
    assert.equal((await store.write.changeAsset(change(other, { name: "OTHER" }))).name, "OTHER");
  },
);

storeTest("lists come by name, page by page, of the ids that are asked for", async (t) => {
  const store = await temporaryStore(t);
  const names = ["delta", "Alpha", "charlie", "Bravo"];
  const made = await Promise.all(names.map((name) => store.write.createAsset(newAsset({ name }))));
  await store.write.createAsset(newAsset({ name: "of another kind", kind: "variable" }));
  const listed: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.read.assets({ kind: "credential", limit: 3, ...(after !== undefined && { after }) });
    listed.push(...page.items.map(({ name }) => name));
    after = page.next ?? undefined;
  } while (after !== undefined);
  assert.deepEqual(listed, ["Alpha", "Bravo", "charlie", "delta"]);
  const only = [made[0]?.assetId ?? "", made[1]?.assetId ?? "", newId()];
  const some = await store.read.assets({ kind: "credential", limit: 3, only });
  assert.deepEqual(
    some.items.map(({ name }) => name),
    ["Alpha", "delta"],
  );
  assert.deepEqual((await store.read.assets({ kind: "credential", limit: 3, only: [] })).items, []);
});

storeTest("an asset that others are made with is removed by force only", async (t) => {
  const store = await temporaryStore(t);
  const type = newAsset({ kind: "connection-type", name: "Server", sealed: null });
  await store.write.createAsset(type);
  const connection = newAsset({ kind: "connection", name: "build", uses: [type.assetId, type.assetId] });
  await store.write.createAsset(connection);
  const user = { assetId: connection.assetId, kind: "connection", name: "build" };
  assert.deepEqual(await store.read.assetsUsing({ assetId: type.assetId, limit: 5 }), [user]);
  const of = { kind: "connection-type", assetId: type.assetId, expectedRevision: 1 } as const;
  await assert.rejects(store.write.removeAsset({ ...of, force: false }), {
    code: "asset-in-use",
    message: "The connection type Server is used by the connection build.",
  });
  await store.write.removeAsset({ ...of, force: true });
  await store.write.changeAsset(change(connection, { uses: [] }));
  assert.deepEqual(await store.read.assetsUsing({ assetId: type.assetId, limit: 5 }), []);
  assert.deepEqual(await store.read.assetNames({ assetIds: [connection.assetId, type.assetId] }), [user]);
});

storeTest("sealed values are gone through by id, and replaced only where the version is still the same", async (t) => {
  const store = await temporaryStore(t);
  const assets = ["a", "b", "c"].map((name) => newAsset({ name, sealed: name === "b" ? null : sealed }));
  for (const asset of assets) await store.write.createAsset(asset);
  const first = await store.read.sealedAssets({ after: null, limit: 1 });
  assert.deepEqual(first, [{ rowId: assets[0]?.assetId, version: 1, sealed }]);
  const rest = await store.read.sealedAssets({ after: first[0]?.rowId ?? null, limit: 5 });
  assert.deepEqual(
    rest.map(({ rowId }) => rowId),
    [assets[2]?.assetId],
  );
  const other = Uint8Array.of(7);
  const rows = [...first, ...rest].map((row) => ({ ...row, sealed: other }));
  await store.write.rewrapAssets({ rows: [{ ...(rows[0] ?? assert.fail()), version: 2 }, ...rows.slice(1)] });
  const after = await store.read.sealedAssets({ after: null, limit: 5 });
  assert.deepEqual(
    after.map((row) => row.sealed),
    [sealed, other],
  );
});

storeTest("of certificates that end soon notices tell once for each number of days, the nearest first", async (t) => {
  const store = await temporaryStore(t);
  const day = 86_400_000;
  const certificate = (name: string, days: number | null) =>
    newAsset({
      name,
      kind: "certificate",
      content: { subject: `CN=${name}` },
      expiresAt: days === null ? null : Date.now() + days * day,
    });
  const soon = certificate("soon", 5);
  for (const asset of [soon, certificate("later", 90), certificate("over", -3), certificate("vaulted", null)]) {
    await store.write.createAsset(asset);
  }
  const warn = () => store.write.warnOfExpiry({ days: [30, 7, 0], limit: 10 });
  assert.equal(await warn(), 0, "nobody is to be told yet");
  await store.write.createNoticeRule({
    name: "ops",
    enabled: true,
    events: ["certificate-expiring"],
    runbookId: null,
    group: null,
    tag: null,
    startLateAfter: null,
    runningLongAfter: null,
    throttle: 0,
    target: { kind: "mail", recipients: ["ops@example.org"] },
    changedBy: "ann",
  });
  assert.equal(await warn(), 2);
  assert.equal(await warn(), 0);
  const events = await store.read.noticeEvents({ limit: 10 });
  assert.deepEqual(events.map(({ event, certificate: told }) => `${event} ${told?.name} ${told?.subject}`).toSorted(), [
    "certificate-expiring over CN=over",
    "certificate-expiring soon CN=soon",
  ]);
  await store.write.changeAsset(change(soon, { expiresAt: Date.now() + 20 * day }));
  assert.equal(await warn(), 1, "one that was replaced is warned of anew");
});
