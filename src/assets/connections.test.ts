import assert from "node:assert/strict";
import type { Principal } from "../access/principal.ts";
import { anonymous } from "../access/principal.ts";
import type { ConnectionTypeSettings } from "../contract/api/asset.ts";
import { openTestSealing } from "../sealing/testing.ts";
import { storedRows, storeTest, temporaryDirectory, temporaryStore } from "../store/testing/temporary-store.ts";
import { AssetsFeature } from "./assets-feature.ts";
import { ellipticPfx } from "./testing/elliptic-certificate.ts";

const administrator: Principal = { ...anonymous, name: "ann", roles: ["administrator"] };
const forJob = { runAs: null, jobId: "0190a0a0-0000-7000-8000-000000000001" };

async function openAssets(t: Parameters<typeof temporaryStore>[0]) {
  const store = await temporaryStore(t);
  const sealer = await openTestSealing(store, temporaryDirectory(t));
  return { assets: new AssetsFeature({ store, sealer, vaultFolder: null }), store };
}

const fields: ConnectionTypeSettings["fields"] = [
  { name: "Host", required: true },
  { name: "Port", type: "number" },
  { name: "Password", encrypted: true },
];

storeTest("a connection has the fields of its type, and what the type calls encrypted never comes back", async (t) => {
  const { assets, store } = await openAssets(t);
  const { connections } = assets;
  await assets.connectionTypes.create(administrator, { name: "Server", fields });
  const create = (name: string, given: Record<string, string | number>) =>
    connections.create(administrator, { name, connectionType: "server", fields: given });
  const made = await create("build", { host: "build.example.org", Port: 22, password: "a canary value" });
  assert.equal(made.connectionType, "Server");
  assert.deepEqual(made.fields, { Host: "build.example.org", Port: 22 });
  assert.deepEqual(made.secretFields, ["Password"]);
  assert.equal(JSON.stringify([made, await storedRows(store, "assets")]).includes("canary"), false);
  assert.deepEqual(await assets.valueForJob({ kind: "connection", name: "BUILD", ...forJob }), {
    kind: "connection",
    connectionType: "Server",
    fields: { Host: "build.example.org", Port: 22, Password: "a canary value" },
    secretFields: ["Password"],
  });
  const refused = { code: "invalid-asset", status: 422 };
  await assert.rejects(create("other", { Port: 22 }), { ...refused, message: /no value: Host/ });
  await assert.rejects(create("other", { Host: "x", Port: "22" }), { ...refused, message: /takes a number/ });
  await assert.rejects(create("other", { Host: "x", Colour: "red" }), { ...refused, message: /no field Colour/ });
});

storeTest("a change of a connection leaves what it does not name, and takes away what is null", async (t) => {
  const { assets } = await openAssets(t);
  const { connections } = assets;
  await assets.connectionTypes.create(administrator, { name: "Server", fields });
  const given = { Host: "a", Port: 22, Password: "secret" };
  await connections.create(administrator, { name: "build", connectionType: "Server", fields: given });
  const change = (settings: Parameters<typeof connections.change>[1]["change"]) =>
    connections.change(administrator, { asset: "build", change: settings });
  await change({ fields: { Host: "b", Port: null } });
  await change({ description: "nightly", name: "Nightly" });
  const value = await assets.valueForJob({ kind: "connection", name: "nightly", ...forJob });
  assert.deepEqual(value.kind === "connection" && value.fields, { Host: "b", Password: "secret" });
  const changed = await connections.change(administrator, { asset: "nightly", change: { fields: { Password: null } } });
  assert.deepEqual([changed.fields, changed.secretFields], [{ Host: "b" }, []]);
  await assert.rejects(connections.change(administrator, { asset: "nightly", change: { fields: { Host: null } } }), {
    code: "invalid-asset",
  });
});

storeTest("a connection type that has connections takes further optional fields, and keeps the rest", async (t) => {
  const { assets } = await openAssets(t);
  const { connectionTypes } = assets;
  await connectionTypes.create(administrator, { name: "Server", fields });
  await assets.connections.create(administrator, { name: "build", connectionType: "Server", fields: { Host: "a" } });
  const change = (next: typeof fields) =>
    connectionTypes.change(administrator, { asset: "Server", change: { fields: next } });
  const used = { code: "asset-in-use", status: 409 };
  await assert.rejects(change(fields.map((field) => ({ ...field, encrypted: false }))), used);
  await assert.rejects(change(fields.slice(1)), used);
  await assert.rejects(change([...fields, { name: "Site", required: true }]), used);
  assert.equal((await change([...fields, { name: "Site", required: false }])).fields.length, 4);
  await assert.rejects(connectionTypes.remove(administrator, { asset: "server", force: false }), used);
  const { usedBy } = await connectionTypes.remove(administrator, { asset: "server", force: true });
  assert.deepEqual(
    usedBy.map(({ kind, name }) => `${kind} ${name}`),
    ["connection build"],
  );
  await assert.rejects(assets.valueForJob({ kind: "connection", name: "build", ...forJob }), {
    code: "asset-unavailable",
  });
  assert.match((await assets.connections.get(administrator, "build")).connectionType, /removed/);
});

storeTest(
  "what a type calls encrypted by the time it is written is sealed, however type and connection race",
  async (t) => {
    const { assets, store } = await openAssets(t);
    const plain = fields.map((field) => ({ ...field, encrypted: false }));
    for (let round = 0; round < 12; round += 1) {
      const name = `Server ${round}`;
      await assets.connectionTypes.create(administrator, { name, fields: plain });
      const secret = `canary ${round}`;
      const given = { name, connectionType: name, fields: { Host: "a", Password: secret } };
      const [, changed] = await Promise.allSettled([
        assets.connections.create(administrator, given),
        assets.connectionTypes.change(administrator, { asset: name, change: { fields } }),
      ]);
      const { secretFields } = await assets.connections.get(administrator, name);
      assert.deepEqual(secretFields, changed.status === "fulfilled" ? ["Password"] : []);
      const isPlain = JSON.stringify(await storedRows(store, "assets")).includes(secret);
      assert.equal(isPlain, changed.status === "rejected");
      if (changed.status === "rejected") {
        assert.equal((changed.reason as { code?: string }).code, "asset-in-use");
      }
    }
  },
);

storeTest("a field that was sealed stays secret, also when its type calls it plain by then", async (t) => {
  const { assets, store } = await openAssets(t);
  const type = await assets.connectionTypes.create(administrator, { name: "Server", fields });
  const given = { Host: "a", Password: "a canary value" };
  await assets.connections.create(administrator, { name: "build", connectionType: "Server", fields: given });
  // As by a change that was checked just before the connection was made.
  const plain = type.fields.map((field) => ({ ...field, encrypted: false }));
  const found = await store.read.asset({ kind: "connection-type", asset: "Server" });
  assert.ok(found !== null);
  await store.write.changeAsset({
    kind: "connection-type",
    assetId: found.assetId,
    name: found.name,
    description: "",
    content: { fields: plain },
    expiresAt: null,
    uses: [],
    changedBy: "ann",
    expectedRevision: found.revision,
  });
  const changed = await assets.connections.change(administrator, { asset: "build", change: { fields: { Host: "b" } } });
  assert.deepEqual([changed.fields, changed.secretFields], [{ Host: "b" }, ["Password"]]);
  assert.equal(JSON.stringify(await storedRows(store, "assets")).includes("canary"), false);
  const value = await assets.valueForJob({ kind: "connection", name: "build", ...forJob });
  assert.deepEqual(value.kind === "connection" && [value.fields, value.secretFields], [
    { Host: "b", Password: "a canary value" },
    ["Password"],
  ]);
});

storeTest("a certificate shows what it is and when it ends; its key is for jobs only", async (t) => {
  const { assets, store } = await openAssets(t);
  const made = await assets.certificates.create(administrator, {
    name: "signing",
    pfx: ellipticPfx,
    password: "sesame",
  });
  assert.equal(made.subject, "CN=signing, O=Example");
  assert.equal(made.hasPrivateKey, true);
  assert.match(made.notAfter ?? "", /^2126-/);
  const value = await assets.valueForJob({ kind: "certificate", name: "Signing", ...forJob });
  assert.ok(value.kind === "certificate" && value.privateKey !== undefined);
  assert.equal(value.thumbprint, made.thumbprint);
  const [row] = await storedRows(store, "assets");
  assert.equal(Number(new Date(row?.["expires_at"] as number)), Date.parse(made.notAfter ?? ""));
  const line = value.privateKey.split("\n")[1] ?? "";
  assert.equal(JSON.stringify([made, row]).includes(line), false);
  assert.equal(Buffer.from(row?.["sealed"] as Uint8Array).includes(line), false);
  const described = await assets.certificates.change(administrator, { asset: "signing", change: { description: "x" } });
  assert.equal(described.thumbprint, made.thumbprint);
});
