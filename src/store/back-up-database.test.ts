import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import test from "node:test";
import { backUpDatabase } from "./back-up-database.ts";
import { openStore } from "./open-store.ts";
import { temporaryDirectory } from "./testing/temporary-store.ts";

/** A store that holds some megabytes, and a folder for copies. */
async function filledStore(t: TestContext) {
  const folder = temporaryDirectory(t);
  const dataDirectory = join(folder, "data");
  const store = await openStore({ dataDirectory });
  t.after(() => store.close());
  const roles = Array.from({ length: 300 }, (_, role) => `role-${role}-${"x".repeat(40)}`);
  const addPrincipal = (name: string) =>
    store.write.createPrincipal({ kind: "user", name, roles: name === "" ? [] : roles });
  await Promise.all(Array.from({ length: 500 }, (_, n) => addPrincipal(`before-${n}`)));
  return { store, dataDirectory, folder, addPrincipal };
}

/** Opens a copy as the documented restore does: a data folder with nothing in it but the copy. */
async function restored(t: TestContext, folder: string, file: string) {
  const dataDirectory = join(folder, "restored");
  mkdirSync(dataDirectory, { mode: 0o700 });
  copyFileSync(file, join(dataDirectory, "runsmith.sqlite"));
  const store = await openStore({ dataDirectory });
  t.after(() => store.close());
  return store;
}

test("a backup of a store in use holds all that was committed when it began, and commits go on meanwhile", async (t) => {
  const { store, dataDirectory, folder, addPrincipal } = await filledStore(t);
  const file = join(folder, "copy.sqlite");
  let committedMeanwhile = 0;
  let copying = true;
  const writing = (async () => {
    while (copying) {
      await addPrincipal(`during-${committedMeanwhile}`);
      committedMeanwhile += 1;
    }
  })();
  const shares: number[] = [];
  const backup = await backUpDatabase({ dataDirectory, file, progress: (_step, share) => shares.push(share) });
  copying = false;
  await writing;
  assert.ok(committedMeanwhile > 0);
  assert.equal(shares.at(-1), 1);
  assert.equal(backup.schema, store.database.schema);
  assert.equal(backup.bytes, statSync(file).size);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder).sort(), ["copy.sqlite", "data"]);

  const copy = await restored(t, folder, file);
  assert.equal(copy.installationId, store.installationId);
  const kept = Array.from({ length: 500 }, (_, n) => copy.read.principalByName({ kind: "user", name: `before-${n}` }));
  assert.ok((await Promise.all(kept)).every((principal) => principal !== null));
  await copy.write.createPrincipal({ kind: "user", name: "after", roles: [] });
});

test("a backup of a store that nobody uses holds what only its log has", async (t) => {
  const { store, dataDirectory, folder, addPrincipal } = await filledStore(t);
  await addPrincipal("last");
  // The files of a server that was killed.
  const killed = join(folder, "killed");
  mkdirSync(killed);
  for (const name of ["runsmith.sqlite", "runsmith.sqlite-wal"]) {
    copyFileSync(join(dataDirectory, name), join(killed, name));
  }
  const file = join(folder, "copy.sqlite");
  await backUpDatabase({ dataDirectory: killed, file });
  const copy = await restored(t, folder, file);
  assert.equal(copy.installationId, store.installationId);
  assert.notEqual(await copy.read.principalByName({ kind: "user", name: "last" }), null);
});

test("a backup overwrites nothing, and says what is in its way", async (t) => {
  const { dataDirectory, folder } = await filledStore(t);
  const file = join(folder, "copy.sqlite");
  writeFileSync(file, "precious");
  await assert.rejects(backUpDatabase({ dataDirectory, file }), { code: "backup-file-exists", status: 409 });
  assert.equal(readFileSync(file, "utf8"), "precious");
  writeFileSync(join(folder, "other.sqlite.part"), "");
  await assert.rejects(backUpDatabase({ dataDirectory, file: join(folder, "other.sqlite") }), {
    code: "backup-under-way",
  });
  await assert.rejects(backUpDatabase({ dataDirectory, file: join(folder, "no", "such", "folder") }), {
    code: "backup-failed",
  });
  await assert.rejects(backUpDatabase({ dataDirectory: folder, file: join(folder, "x") }), { code: "no-database" });
});

test("a backup that is cancelled, or whose copy is not sound, leaves nothing behind", async (t) => {
  const { store, dataDirectory, folder } = await filledStore(t);
  const file = join(folder, "copy.sqlite");
  const controller = new AbortController();
  const cancelled = backUpDatabase({
    dataDirectory,
    file,
    signal: controller.signal,
    progress: () => controller.abort(new Error("enough")),
  });
  await assert.rejects(cancelled, /enough/);
  await store.close();

  const database = join(dataDirectory, "runsmith.sqlite");
  const bytes = readFileSync(database);
  // In the middle of what was stored, far behind the schema.
  const middle = Math.floor(bytes.length / 2 / 4096) * 4096;
  bytes.fill(0x5a, middle, middle + 20 * 4096);
  writeFileSync(database, bytes);
  chmodSync(database, 0o600);
  await assert.rejects(backUpDatabase({ dataDirectory, file }), { code: "backup-damaged" });
  assert.deepEqual(readdirSync(folder), ["data"]);
});
