import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { ServerOptions } from "../contract/server-options.ts";
import { newMasterKey } from "../sealing/master-key.ts";
import { temporaryDirectory } from "../store/testing/temporary-store.ts";
import { takeMasterKeySource } from "./open-sealing.ts";
import { startServer } from "./server.ts";

const installation = "0190a0a0-0000-7000-8000-000000000001";

function optionsIn(t: TestContext): ServerOptions & { folder: string } {
  const folder = temporaryDirectory(t);
  return {
    folder,
    dataDirectory: join(folder, "data"),
    port: 0,
    runtimeDirectory: join(folder, "run"),
    log: { level: "error" },
    masterKeyDirectory: join(folder, "keys"),
  };
}

test("the first start makes a key apart from the data and says so once; without it no later one starts", async (t) => {
  const options = optionsIn(t);
  const made: (string | null)[] = [];
  const start = () => startServer(options, ({ madeMasterKeyAt }) => made.push(madeMasterKeyAt));
  const first = await start();
  const file = first.masterKeyFile ?? "";
  assert.deepEqual(made, [file]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await first.close();
  const again = await start();
  assert.deepEqual([made.length, again.masterKeyFile], [1, file]);
  await again.close();

  const elsewhere = { ...options, masterKeyDirectory: join(options.folder, "others") };
  await assert.rejects(startServer(elsewhere), { code: "master-key-missing", message: /[0-9a-f]{16}/ });
  await assert.rejects(stat(elsewhere.masterKeyDirectory), { code: "ENOENT" });
  const other = join(options.folder, "other.key");
  await writeFile(other, newMasterKey());
  await assert.rejects(startServer({ ...options, masterKeyFile: other }), { code: "master-key-missing" });
  const given = await startServer({ ...options, masterKeyFile: file });
  await given.close();

  const key = (await readFile(file, "utf8")).trim();
  for (const name of await readdir(options.dataDirectory, { recursive: true })) {
    const path = join(options.dataDirectory, name);
    if ((await stat(path)).isFile()) assert.equal((await readFile(path)).includes(key), false, name);
  }
});

test("a key in the data folder is refused, and none is made there", async (t) => {
  const options = optionsIn(t);
  const masterKeyDirectory = join(options.dataDirectory, "keys");
  await assert.rejects(startServer({ ...options, masterKeyDirectory }), { code: "master-key-beside-data" });
  await assert.rejects(stat(masterKeyDirectory), { code: "ENOENT" });
});

test("the key comes from the file or command that is named, else the environment, else systemd, else a file of its own", async (t) => {
  const folder = temporaryDirectory(t);
  const credentials = join(folder, "credentials");
  await mkdir(credentials);
  await writeFile(join(credentials, "master-key"), "of systemd");
  await writeFile(join(folder, "named"), "named");
  const take = async (options: Parameters<typeof takeMasterKeySource>[1], environment: NodeJS.ProcessEnv) => {
    const { source, file, mayMake } = await takeMasterKeySource(installation, options, environment);
    return { text: (await source.read())?.trim(), file, mayMake, canAdd: source.add !== undefined };
  };
  const environment = () => ({ RUNSMITH_MASTER_KEY: "of the environment", CREDENTIALS_DIRECTORY: credentials });
  const named = join(folder, "named");
  const kept = environment();
  assert.deepEqual(await take({ masterKeyFile: named }, kept), {
    text: "named",
    file: named,
    mayMake: false,
    canAdd: true,
  });
  assert.equal(Object.hasOwn(kept, "RUNSMITH_MASTER_KEY"), false, "no child process inherits it");
  assert.equal((await take({ masterKeyCommand: "echo of the command" }, environment())).text, "of the command");
  assert.equal((await take({}, environment())).text, "of the environment");
  const systemd = await take({}, { CREDENTIALS_DIRECTORY: credentials });
  assert.deepEqual([systemd.text, systemd.mayMake, systemd.canAdd], ["of systemd", false, false]);
  assert.deepEqual(await take({ masterKeyDirectory: folder }, {}), {
    text: undefined,
    file: join(folder, `${installation}.key`),
    mayMake: true,
    canAdd: true,
  });
  await assert.rejects(take({ masterKeyFile: named, masterKeyCommand: "true" }, {}), { code: "usage" });
});
