import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Principal } from "../access/principal.ts";
import { anonymous } from "../access/principal.ts";
import { openTestSealing } from "../sealing/testing.ts";
import { storedRows, storeTest, temporaryDirectory, temporaryStore } from "../store/testing/temporary-store.ts";
import { AssetsFeature } from "./assets-feature.ts";

const administrator: Principal = { ...anonymous, name: "ann", roles: ["administrator"] };
const author: Principal = { ...anonymous, name: "bob", rights: [{ role: "author", on: { kind: "everything" } }] };

async function openAssets(t: TestContext) {
  const store = await temporaryStore(t);
  const folder = temporaryDirectory(t);
  await Promise.all(["files", "commands"].map((name) => mkdir(join(folder, name))));
  const sealer = await openTestSealing(store, temporaryDirectory(t));
  const assets = new AssetsFeature({ store, sealer, vaultFolder: folder });
  const get = (kind: "variable" | "credential" | "connection", name: string) =>
    assets.valueForJob({ kind, name, runAs: null, jobId: "0190a0a0-0000-7000-8000-000000000001" });
  return { assets, store, folder, get };
}

/** Speaks as much of the API of HashiCorp Vault as is asked for. */
async function startVault(t: TestContext) {
  const vault = {
    url: "",
    token: "root",
    logins: 0,
    requests: [] as { url: string; headers: IncomingMessage["headers"] }[],
    secrets: new Map<string, unknown>(),
  };
  const server = createServer(async (request, response) => {
    vault.requests.push({ url: request.url ?? "", headers: request.headers });
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    if (request.url === "/v1/auth/approle/login") {
      vault.logins += 1;
      vault.token = `token ${vault.logins}`;
      const { role_id, secret_id } = JSON.parse(Buffer.concat(body).toString());
      return role_id === "role" && secret_id === "secret id"
        ? answer(200, { auth: { client_token: vault.token, lease_duration: 3600 } })
        : answer(400, { errors: ["invalid"] });
    }
    if (request.headers["x-vault-token"] !== vault.token) return answer(403, { errors: ["permission denied"] });
    const data = vault.secrets.get(request.url ?? "");
    return data === undefined ? answer(404, { errors: [] }) : answer(200, { data: { data, metadata: { version: 3 } } });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  vault.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return vault;
}

storeTest("what is in HashiCorp Vault is read there each time, by a token, and kept nowhere", async (t) => {
  const { assets, store, get } = await openAssets(t);
  const server = await startVault(t);
  const settings = { provider: "hashicorp", address: server.url, token: "root" } as const;
  const made = await assets.vaults.create(administrator, { name: "main", ...settings });
  assert.equal(JSON.stringify(made).includes("root"), false);
  server.secrets.set("/v1/secret/data/apps/build", { username: "admin", password: "first", port: "22", key: ["a"] });
  const vault = { vault: "Main", path: "apps/build" };
  await assets.credentials.create(administrator, { name: "ops", vault });
  await assets.variables.create(administrator, { name: "all", vault });
  await assets.variables.create(administrator, { name: "key", vault: { ...vault, fields: { value: "key" } } });
  await assets.connectionTypes.create(administrator, {
    name: "Server",
    fields: [{ name: "Port", type: "number", required: true }, { name: "Password", encrypted: true }, { name: "Site" }],
  });
  const fields = { Password: "password" };
  await assets.connections.create(administrator, {
    name: "build",
    connectionType: "Server",
    vault: { ...vault, fields: { ...fields, Port: "port" } },
  });
  assert.deepEqual(await get("credential", "ops"), { kind: "credential", userName: "admin", password: "first" });
  server.secrets.set("/v1/secret/data/apps/build", { username: "admin", password: "second", port: "22", key: ["a"] });
  assert.deepEqual(await get("credential", "ops"), { kind: "credential", userName: "admin", password: "second" });
  assert.deepEqual(await get("variable", "key"), { kind: "variable", type: "object", value: ["a"], encrypted: true });
  const all = await get("variable", "all");
  assert.equal(all.kind === "variable" && (all.value as { password: string }).password, "second");
  assert.deepEqual(await get("connection", "build"), {
    kind: "connection",
    connectionType: "Server",
    fields: { Port: 22, Password: "second" },
    secretFields: ["Password"],
  });
  assert.equal(/first|second/.test(JSON.stringify(await storedRows(store, "assets"))), false);
});

storeTest(
  "a vault that does not answer, refuses, or has nothing there, is told as such, without what was sent",
  async (t) => {
    const { assets, get } = await openAssets(t);
    const server = await startVault(t);
    const settings = { provider: "hashicorp", address: server.url, token: "wrong" } as const;
    await assets.vaults.create(administrator, { name: "main", ...settings });
    const { path } = { path: "nothing/here" };
    await assets.credentials.create(administrator, { name: "ops", vault: { vault: "main", path } });
    const refused = (message: RegExp) => (error: Error & { code?: string }) => {
      assert.equal(error.code, "asset-unavailable");
      assert.match(error.message, message);
      assert.equal(error.message.includes("wrong"), false);
      return true;
    };
    await assert.rejects(get("credential", "ops"), refused(/does not let this service read/));
    await assets.vaults.change(administrator, { asset: "main", change: { token: "root" } });
    await assert.rejects(get("credential", "ops"), refused(/there is nothing at nothing\/here/));
    await assets.vaults.change(administrator, {
      asset: "main",
      change: { address: "http://127.0.0.1:1", token: "root" },
    });
    await assert.rejects(get("credential", "ops"), refused(/could not be reached/));
  },
);

storeTest("by AppRole the service signs in once, and again when its token was revoked", async (t) => {
  const { assets, get } = await openAssets(t);
  const server = await startVault(t);
  const role = { roleId: "role", secretId: "secret id" };
  const settings = { provider: "hashicorp", address: server.url, mount: "kv", namespace: "team", ...role } as const;
  await assets.vaults.create(administrator, { name: "main", ...settings });
  server.secrets.set("/v1/kv/data/ops", { username: "admin", password: "secret" });
  await assets.credentials.create(administrator, { name: "ops", vault: { vault: "main", path: "ops" } });
  await get("credential", "ops");
  await get("credential", "ops");
  assert.equal(server.logins, 1);
  assert.equal(server.requests.at(-1)?.headers["x-vault-namespace"], "team");
  server.token = "revoked";
  assert.equal((await get("credential", "ops")).kind, "credential");
  assert.equal(server.logins, 2);
});

storeTest(
  "what a vault is signed in to by goes to no other address, and never unencrypted over a network",
  async (t) => {
    const { assets } = await openAssets(t);
    const settings = { provider: "hashicorp", address: "https://vault.example.org:8200", token: "root" } as const;
    await assets.vaults.create(administrator, { name: "main", ...settings });
    const change = (more: Parameters<typeof assets.vaults.change>[1]["change"]) =>
      assets.vaults.change(administrator, { asset: "main", change: more });
    await change({ description: "x", mount: "kv" });
    const refused = { code: "invalid-asset", status: 422 };
    await assert.rejects(change({ address: "https://evil.example.org" }), refused);
    await assert.rejects(change({ authorities: "-----BEGIN CERTIFICATE-----" }), refused);
    await assert.rejects(change({ address: "http://vault.example.org", token: "root" }), refused);
    await assert.rejects(change({ address: "https://a:b@vault.example.org", token: "root" }), refused);
    assert.equal(
      (await change({ address: "https://other.example.org", token: "other" })).address,
      "https://other.example.org",
    );
  },
);

storeTest("only administrators make vaults, and a reference needs the right to use the vault", async (t) => {
  const { assets } = await openAssets(t);
  await assert.rejects(assets.vaults.create(author, { name: "main", provider: "file" }), { code: "not-permitted" });
  const { assetId } = await assets.vaults.create(administrator, { name: "main", provider: "file" });
  await assert.rejects(assets.vaults.change(author, { asset: "main", change: { name: "x" } }), {
    code: "not-permitted",
  });
  const vault = { vault: "main", path: "a" };
  await assets.variables.create(author, { name: "one", vault });
  const on = { kind: "asset", assetKind: "vault", assetId } as const;
  const everything = { kind: "everything" } as const;
  const reader: Principal = {
    ...author,
    rights: [
      { role: "reader", on },
      { role: "author", on: everything },
    ],
  };
  assert.equal((await assets.variables.create(reader, { name: "two", vault })).vault?.vault, "main");
  await assert.rejects(assets.vaults.remove(administrator, { asset: "main", force: false }), { code: "asset-in-use" });
});

storeTest("files of the vault folder are read as fields or as one text, and nothing outside of it", async (t) => {
  const { assets, folder, get } = await openAssets(t);
  await assets.vaults.create(administrator, { name: "files", provider: "file" });
  await writeFile(join(folder, "files", "ops.yaml"), "userName: admin\npassword: p1\n");
  await writeFile(join(folder, "files", "key"), "a text\n");
  await writeFile(join(folder, "outside"), "outside");
  await symlink(join(folder, "outside"), join(folder, "files", "link"));
  const create = (name: string, path: string) =>
    assets.variables.create(administrator, { name, vault: { vault: "files", path } });
  await assets.credentials.create(administrator, { name: "ops", vault: { vault: "files", path: "ops.yaml" } });
  assert.deepEqual(await get("credential", "ops"), { kind: "credential", userName: "admin", password: "p1" });
  await create("key", "key");
  assert.deepEqual(await get("variable", "key"), {
    kind: "variable",
    type: "string",
    value: "a text",
    encrypted: true,
  });
  for (const [index, path] of ["../outside", "link", "/etc/hostname", "none", "."].entries()) {
    await create(`way ${index}`, path);
    await assert.rejects(get("variable", `way ${index}`), { code: "asset-unavailable" }, path);
  }
});

storeTest(
  "a command of the vault folder is run with the path alone, and without the service's environment",
  async (t) => {
    const { assets, folder, get } = await openAssets(t);
    const command = join(folder, "commands", "get-secret");
    await writeFile(
      command,
      '#!/bin/sh\n[ "$1" = fail ] && echo canary && exit 3\nprintf \'{"value":"%s","more":"%s"}\' "$1" "$RUNSMITH_TOKEN"\n',
    );
    await chmod(command, 0o700);
    process.env["RUNSMITH_TOKEN"] = "of the service";
    t.after(() => delete process.env["RUNSMITH_TOKEN"]);
    await assert.rejects(assets.vaults.create(administrator, { name: "x", provider: "command", command: "../get" }), {
      code: "invalid-asset",
    });
    await assets.vaults.create(administrator, { name: "command", provider: "command", command: "get-secret" });
    const create = (name: string, path: string) =>
      assets.variables.create(administrator, { name, vault: { vault: "command", path } });
    await create("one", "$(id) `id`; id");
    const value = await get("variable", "one");
    assert.deepEqual(value.kind === "variable" && value.value, { value: "$(id) `id`; id", more: "" });
    await create("two", "fail");
    await assert.rejects(get("variable", "two"), (error: Error) => {
      assert.match(error.message, /ended with 3/);
      return !error.message.includes("canary");
    });
    await create("three", "--all");
    await assert.rejects(get("variable", "three"), { code: "asset-unavailable" }, "an option of the command");
  },
);
