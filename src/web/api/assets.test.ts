import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { CredentialResource, RemovedAsset, VariableResource } from "../../contract/api/asset.ts";
import type { MasterKeyResource } from "../../contract/api/master-key.ts";
import type { Page } from "../../contract/api/page.ts";
import { TestServer } from "../testing/test-server.ts";

const secret = "kanari-7f31a9-vogel";

async function startServer(t: { after(work: () => unknown): void }): Promise<TestServer> {
  const server = await TestServer.start();
  t.after(() => server.close());
  return server;
}

/** Everything that the server keeps on disk. */
async function allBytes(server: TestServer): Promise<Buffer> {
  const files = await readdir(server.dataDirectory, { recursive: true, withFileTypes: true });
  const contents = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => readFile(join(parentPath, name)));
  return Buffer.concat(await Promise.all(contents));
}

test("variables keep their JSON and its type, and an encrypted value never comes back", async (t) => {
  const server = await startServer(t);
  const create = (body: unknown) => server.call<VariableResource>("POST", "/api/variables", { body });
  for (const [value, type] of [
    ["Paris", "string"],
    [4.5, "number"],
    [false, "boolean"],
    [{ hosts: ["a", "b"] }, "object"],
    [null, "null"],
  ] as const) {
    const made = await create({ name: `of ${type}`, value });
    assert.equal(made.status, 201);
    assert.deepEqual([made.body.type, made.body.value, made.body.encrypted], [type, value, false]);
  }
  const time = await create({ name: "Since", type: "date-time", value: "2026-03-01T12:00:00+02:00" });
  assert.deepEqual([time.body.type, time.body.value], ["date-time", "2026-03-01T10:00:00.000Z"]);
  assert.equal((await create({ name: "wrong", type: "date-time", value: "yesterday" })).status, 422);
  assert.equal((await create({ name: "wrong", type: "number", value: "1" })).status, 422);
  assert.equal((await create({ name: "OF STRING", value: 1 })).status, 409);
  assert.equal((await create({ name: " blank", value: 1 })).status, 400);

  const sealed = await create({ name: "Key", value: { key: secret }, encrypted: true });
  assert.equal(sealed.status, 201);
  assert.deepEqual([sealed.body.type, sealed.body.value, sealed.body.encrypted], ["object", null, true]);
  for (const path of ["/api/variables", "/api/variables/key", `/api/variables/${sealed.body.assetId}`]) {
    const answer = await server.call("GET", path);
    assert.equal(answer.status, 200);
    assert.equal(answer.bytes.includes(secret), false, path);
  }
  const plain = await server.call("PATCH", "/api/variables/Key", { body: { encrypted: false } });
  assert.equal(plain.status, 422, "nobody reads it by making it a plain one");
  const next = await server.call<VariableResource>("PATCH", "/api/variables/Key", { body: { value: "other" } });
  assert.deepEqual([next.body.type, next.body.value, next.body.encrypted], ["string", null, true]);
  const hidden = await server.call<VariableResource>("PATCH", "/api/variables/Since", { body: { encrypted: true } });
  assert.deepEqual([hidden.body.type, hidden.body.value], ["date-time", null]);
});

test("assets are changed from the state that was seen, renamed, listed by name and removed", async (t) => {
  const server = await startServer(t);
  const made = await server.call<CredentialResource>("POST", "/api/credentials", {
    body: { name: "ops", userName: "admin", password: secret, description: "night shift" },
  });
  assert.equal(made.headers.get("etag"), '"1"');
  assert.equal(made.headers.get("location"), `/api/credentials/${made.body.assetId}`);
  const patch = (body: unknown, etag?: string) =>
    server.call<CredentialResource>("PATCH", `/api/credentials/${made.body.assetId}`, {
      body,
      ...(etag !== undefined && { headers: { "if-match": etag } }),
    });
  const renamed = await patch({ name: "operations" }, '"1"');
  assert.equal(renamed.body.revision, 2);
  assert.equal(renamed.body.userName, "admin");
  assert.equal(renamed.body.modifiedBy, "administrator");
  assert.equal((await patch({ description: "x" }, '"1"')).status, 412);
  assert.equal((await patch({})).status, 400);
  assert.equal((await server.call("GET", "/api/credentials/ops")).status, 404);
  await server.call("POST", "/api/credentials", { body: { name: "Backup", userName: "b", password: "" } });
  const { body } = await server.call<Page<CredentialResource>>("GET", "/api/credentials?limit=1");
  assert.deepEqual(
    body.items.map(({ name }) => name),
    ["Backup"],
  );
  const rest = await server.call<Page<CredentialResource>>("GET", `/api/credentials?after=${body.next}`);
  assert.deepEqual(
    rest.body.items.map(({ name }) => name),
    ["operations"],
  );
  const removed = await server.call<RemovedAsset>("DELETE", "/api/credentials/OPERATIONS");
  assert.deepEqual([removed.status, removed.body], [200, { usedBy: [], further: 0 }]);
  assert.equal((await server.call("DELETE", "/api/credentials/operations")).status, 404);
});

test("the same creation, sent again, is done once", async (t) => {
  const server = await startServer(t);
  const create = () =>
    server.call<VariableResource>("POST", "/api/variables", {
      body: { name: "once", value: secret, encrypted: true },
      headers: { "idempotency-key": "one" },
    });
  const [first, second] = [await create(), await create()];
  assert.equal(second.status, 201);
  assert.equal(second.body.assetId, first.body.assetId);
  assert.equal((await allBytes(server)).includes(secret), false);
});

test("nothing of a secret is in the database, its log, or any answer", async (t) => {
  const server = await startServer(t);
  const { bytes } = await server.call("POST", "/api/credentials", {
    body: { name: "ops", userName: "admin", password: secret },
  });
  const { bytes: changed } = await server.call("PATCH", "/api/credentials/ops", { body: { password: `${secret}2` } });
  await server.call("POST", "/api/variables", { body: { name: "v", value: secret, encrypted: true } });
  const stored = await allBytes(server);
  assert.ok(stored.includes("admin"), "the bytes that were read are those of the database");
  for (const found of [bytes, changed, stored]) {
    assert.equal(found.includes(secret), false);
    assert.equal(found.includes(Buffer.from(secret).toString("base64")), false);
  }
});

test("a secret that was exchanged or put back in the database is not believed, and the rest goes on", async (t) => {
  const server = await startServer(t);
  const make = (name: string) =>
    server.call<VariableResource>("POST", "/api/variables", { body: { name, value: name, encrypted: true } });
  const [one, other] = [await make("one"), await make("other")];
  const database = new DatabaseSync(join(server.dataDirectory, "runsmith.sqlite"));
  t.after(() => database.close());
  const bytesOf = (id: string) => Buffer.from(id.replaceAll("-", ""), "hex");
  const read = (id: string) =>
    database.prepare("SELECT sealed FROM assets WHERE asset_id = ?").get(bytesOf(id))?.["sealed"] as Uint8Array;
  const write = (id: string, sealed: Uint8Array) =>
    database.prepare("UPDATE assets SET sealed = ? WHERE asset_id = ?").run(sealed, bytesOf(id));
  const former = read(one.body.assetId);
  await server.call("PATCH", "/api/variables/one", { body: { value: "newer" } });

  // An older value of the same row, and another row's: both are passed over by a rotation, which ends all the same.
  write(one.body.assetId, former);
  write(other.body.assetId, former);
  assert.equal((await server.call("POST", "/api/master-key/rotation")).status, 202);
  for (let rotating = true; rotating; ) {
    rotating = (await server.call<MasterKeyResource>("GET", "/api/master-key")).body.rotating;
  }
  assert.deepEqual(Buffer.from(read(one.body.assetId)), Buffer.from(former));
  await server.call("PATCH", "/api/variables/one", { body: { value: "mended" } });
  assert.notDeepEqual(Buffer.from(read(one.body.assetId)), Buffer.from(former));
});
