import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ellipticPfx } from "../../src/assets/testing/elliptic-certificate.ts";
import type { CredentialResource, VariableResource } from "../../src/contract/api/asset.ts";
import { TestServer } from "../../src/web/testing/test-server.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "runsmith.js");

test("assets of every kind are set, shown, renamed and removed from the command line; secrets come by standard input", async (t) => {
  const server = await TestServer.start();
  t.after(() => server.close());
  const run = async (args: string[], input = "") => {
    const env = { ...process.env, RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token };
    const command = spawn(process.execPath, [program, ...args, "--output", "json"], { env });
    const printed: Buffer[] = [];
    const told: Buffer[] = [];
    command.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
    command.stderr.on("data", (chunk: Buffer) => told.push(chunk));
    command.stdin.end(input);
    const [code] = (await once(command, "close")) as [number];
    const text = Buffer.concat(printed).toString();
    return { code, told: Buffer.concat(told).toString(), answer: text === "" ? null : JSON.parse(text) };
  };
  const site = await run(["set-variable", "Site", "--value", '["Paris"]', "--description", "where"]);
  assert.equal(site.code, 0, site.told);
  assert.deepEqual((site.answer as VariableResource).value, ["Paris"]);
  assert.equal((await run(["set-variable", "site", "--value", "007", "--type", "string"])).answer.value, "007");
  const encrypted = await run(["set-variable", "Key", "--encrypted"], "a secret\n");
  assert.deepEqual([encrypted.answer.encrypted, encrypted.answer.value], [true, null]);
  assert.match((await run(["set-variable", "Key", "--encrypted", "--value", "x"])).told, /can see command lines/);
  assert.equal((await run(["set-variable", "Site", "--new-name", "Place"])).answer.name, "Place");
  assert.equal((await run(["set-variable", "Site", "--new-name", "x"])).code, 2);
  assert.deepEqual(
    (await run(["get-variable"])).answer.map(({ name }: VariableResource) => name),
    ["Key", "Place"],
  );

  const ops = await run(["set-credential", "ops", "--user", "admin"], "pass word");
  assert.equal(ops.code, 0, ops.told);
  assert.equal((ops.answer as CredentialResource).userName, "admin");
  assert.match((await run(["set-credential", "ops", "--user", "admin"])).told, /password was not given/);
  assert.equal((await run(["set-credential", "ops", "--description", "nights"])).answer.description, "nights");
  assert.equal((await run(["remove-credential", "ops"])).code, 0);
  assert.equal((await run(["get-credential", "ops"])).code, 2);
  const type = ["set-connection-type", "Server", "--field", "Host:required", "--field", "Port:number"];
  assert.equal((await run([...type, "--field", "Password:encrypted"])).code, 0);
  assert.match((await run([...type, "--field", "X:colour"])).told, /neither a type nor/);
  const fields = ["--field", "host=a", "--field", "Port=22"];
  const build = await run(
    ["set-connection", "build", "--type", "Server", ...fields, "--secret-field", "Password"],
    "secret",
  );
  assert.equal(build.code, 0, build.told);
  assert.deepEqual(build.answer.fields, { Host: "a", Port: 22 });
  assert.deepEqual(build.answer.secretFields, ["Password"]);
  assert.match((await run(["set-connection", "build", "--field", "password=x"])).told, /can see command lines/);
  assert.equal((await run(["remove-connection-type", "Server"])).code, 2);
  const forced = await run(["remove-connection-type", "Server", "--force"]);
  assert.match(forced.told, /The connection build goes without it now/);

  const pfx = join(server.dataDirectory, "signing.pfx");
  await writeFile(pfx, Buffer.from(ellipticPfx, "base64"));
  const signing = await run(["set-certificate", "signing", "--file", pfx, "--password"], "sesame");
  assert.equal(signing.code, 0, signing.told);
  assert.equal(signing.answer.subject, "CN=signing, O=Example");
  assert.equal((await run(["set-certificate", "signing", "--file", pfx, "--password"], "wrong")).code, 2);
  const address = ["--address", "https://vault.example.org:8200"];
  const main = await run(["set-vault", "main", "--provider", "hashicorp", ...address, "--token"], "token");
  assert.equal(main.code, 0, main.told);
  const key = ["set-variable", "Vaulted", "--vault", "main", "--vault-path", "a/b", "--vault-field", "value=key"];
  assert.deepEqual((await run(key)).answer.vault, { vault: "main", path: "a/b", fields: { value: "key" } });
  const rotated = await run(["rotate-master-key"]);
  assert.equal(rotated.code, 0, rotated.told);
  const [former, current] = rotated.answer.map(({ keyId }: { keyId: string }) => keyId);
  assert.match(rotated.told, new RegExp(`The new key is ${current}: .* from the file \\S+\\.key\\.`));
  assert.match(rotated.told, new RegExp(`The former key is ${former}:`));
  const [, file = ""] = /the file (\S+\.key)/.exec(rotated.told) ?? [];
  assert.deepEqual(
    (await readFile(file, "utf8")).match(/(?<=# master key )\w+/g),
    [former, current],
    "the file says which is which",
  );
  assert.deepEqual(
    rotated.answer.map(({ state }: { state: string }) => state),
    ["retired", "current"],
  );
  assert.equal((await run(["get-master-key"])).answer.length, 2);
});
