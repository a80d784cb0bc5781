import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as newId } from "uuid";
import { silentLogger } from "../contract/logger.ts";
import { soleLeader } from "../services/duty-leader.ts";
import type { SealedRow } from "../store/operations/sealing.ts";
import type { Store } from "../store/store.ts";
import { storedRows, storeTest, temporaryDirectory, temporaryStore } from "../store/testing/temporary-store.ts";
import { proveSealing } from "./canary.ts";
import { refuseInside } from "./key-folder.ts";
import { commandKeySource, fileKeySource, fixedKeySource } from "./key-source.ts";
import { newMasterKey } from "./master-key.ts";
import { openMasterKeys } from "./master-keys.ts";
import type { SealedColumn } from "./sealed-columns.ts";
import type { SealedPlace } from "./sealed-place.ts";
import { masterKeyIdOf } from "./sealed-value.ts";
import { KeySealer } from "./sealer.ts";
import { Sealing } from "./sealing.ts";
import { keyFileOf, openTestSealing, startTestSealing } from "./testing.ts";

const follower = { leads: false };

/** Waits until a rotation is over. */
async function settled(sealing: Sealing): Promise<void> {
  for (let look = 0; look < 1_000; look += 1) {
    const { keys } = await sealing.status();
    if (keys.every(({ state }) => state === "current" || state === "retired")) return;
    await sleep(5);
  }
  throw new Error("The rotation did not end.");
}

/** A column with sealed values, in memory. */
function memoryColumn(): SealedColumn & {
  rows: Map<string, SealedRow>;
  place(row: { rowId: string; version: number }): SealedPlace;
} {
  const rows = new Map<string, SealedRow>();
  return {
    table: "things",
    column: "sealed",
    rows,
    place: ({ rowId, version }) => ({ table: "things", column: "sealed", rowId, version }),
    async page(after) {
      const all = [...rows.values()].toSorted((a, b) => (a.rowId < b.rowId ? -1 : 1));
      const page = all.filter(({ rowId }) => after === null || rowId > after).slice(0, 3);
      return { rows: page, next: page.length < 3 ? null : (page.at(-1)?.rowId ?? null) };
    },
    async rewrap(changed) {
      for (const row of changed) {
        if (rows.get(row.rowId)?.version === row.version) rows.set(row.rowId, row);
      }
    },
  };
}

function add(column: ReturnType<typeof memoryColumn>, sealing: Sealing, text: string): SealedRow {
  const row = { rowId: newId(), version: 1 };
  const sealed = { ...row, sealed: sealing.seal(Buffer.from(text), column.place(row)) };
  column.rows.set(row.rowId, sealed);
  return sealed;
}

storeTest(
  "the first start makes a key for the account alone, later ones find it, and secrets open again",
  async (t) => {
    const store = await temporaryStore(t);
    const folder = join(temporaryDirectory(t), "keys");
    const first = await openTestSealing(store, folder);
    assert.equal(first.madeKeyAt, keyFileOf(store, folder));
    assert.equal((await stat(keyFileOf(store, folder))).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    const place = { table: "assets", column: "sealed", rowId: newId(), version: 1 };
    const sealed = first.seal(Buffer.from("secret"), place);
    const second = await openTestSealing(store, folder, "two");
    assert.equal(second.madeKeyAt, null);
    assert.equal(Buffer.from(second.open(sealed, place)).toString(), "secret");
    assert.deepEqual(second.deriveKey("audit"), first.deriveKey("audit"));
  },
);

storeTest("nothing of a master key is in the database, and no canary stays there", async (t) => {
  const store = await temporaryStore(t);
  const folder = temporaryDirectory(t);
  await openTestSealing(store, folder);
  const key = (await readFile(keyFileOf(store, folder), "utf8")).trim();
  const secrets = await storedRows(store, "sealing_secrets");
  assert.deepEqual(
    secrets.map(({ name }) => name),
    ["root"],
  );
  const all = JSON.stringify([
    secrets,
    await storedRows(store, "master_keys"),
    await storedRows(store, "sealing_services"),
  ]);
  assert.equal(all.includes(key), false);
  for (const { sealed } of secrets) {
    assert.equal(Buffer.from(sealed as Uint8Array).includes(Buffer.from(key, "base64")), false);
  }
});

storeTest("a service with another key, or with none, refuses to start and names the key that it lacks", async (t) => {
  const store = await temporaryStore(t);
  const folder = temporaryDirectory(t);
  await openTestSealing(store, folder);
  const [key] = await store.read.masterKeys();
  const missing = { code: "master-key-missing", message: new RegExp(key?.keyId ?? "none") };
  const other = fixedKeySource(newMasterKey(), "RUNSMITH_MASTER_KEY");
  await assert.rejects(openMasterKeys(store, { source: other, makeAt: null }), missing);
  const elsewhere = join(temporaryDirectory(t), "other.key");
  const none = { source: fileKeySource(elsewhere), makeAt: elsewhere };
  await assert.rejects(openMasterKeys(store, none), missing);
  await assert.rejects(stat(elsewhere), { code: "ENOENT" }, "no key is made where secrets are sealed already");
});

storeTest("of two services that start over an empty database with keys of their own, one has its way", async (t) => {
  const store = await temporaryStore(t);
  const folders = [temporaryDirectory(t), temporaryDirectory(t)];
  const opened = await Promise.allSettled(folders.map((folder) => openTestSealing(store, folder)));
  assert.deepEqual(opened.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  const lost = opened.findIndex(({ status }) => status === "rejected");
  await assert.rejects(stat(keyFileOf(store, folders[lost] ?? "")), { code: "ENOENT" });
});

test("a key of the installation's own is refused in the data folder, and anywhere below it, also by a link that leads there", (t) => {
  const refused = { code: "master-key-beside-data" };
  assert.throws(() => refuseInside("/var/lib/runsmith", "/var/lib/runsmith/keys/a.key"), refused);
  assert.throws(() => refuseInside("/var/lib/runsmith", "/var/lib/runsmith/../runsmith/a.key"), refused);
  refuseInside("/var/lib/runsmith", "/var/lib/runsmith-keys/a.key");
  refuseInside("/var/lib/runsmith", "/etc/runsmith/keys/a.key");
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, "data"));
  symlinkSync(join(folder, "data"), join(folder, "elsewhere"));
  assert.throws(() => refuseInside(join(folder, "data"), join(folder, "elsewhere", "keys", "a.key")), refused);
  assert.throws(() => refuseInside(join(folder, "elsewhere"), join(folder, "data", "a.key")), refused);
  refuseInside(join(folder, "elsewhere"), join(folder, "keys", "a.key"));
});

test("a command that prints the key is asked, and what it says when it fails is not told", async () => {
  const key = newMasterKey();
  assert.equal((await commandKeySource(`echo ${key}`).read())?.trim(), key);
  await assert.rejects(commandKeySource(`echo ${key}; exit 3`).read(), (error: Error) => {
    assert.match(error.message, /ended with 3/);
    assert.equal(JSON.stringify(error).includes(key) || error.message.includes(key), false);
    return true;
  });
});

storeTest("a service whose secrets would not be sealed in the database refuses to run", async (t) => {
  const store = await temporaryStore(t);
  const sealing = await openTestSealing(store, temporaryDirectory(t));
  const keys = (await openMasterKeys(store, { source: fileKeySource(sealing.madeKeyAt ?? ""), makeAt: null })).keys;
  class Careless extends KeySealer {
    override seal(plain: Uint8Array): Uint8Array {
      return plain;
    }
  }
  const careless = new Careless(store.installationId, keys, Buffer.alloc(32));
  await assert.rejects(proveSealing(store, careless), { code: "not-sealed" });
});

storeTest("the master key is replaced while values come in, and the former one opens nothing afterwards", async (t) => {
  const store = await temporaryStore(t);
  const folder = temporaryDirectory(t);
  const column = memoryColumn();
  const sealing = await startTestSealing(store, folder, { columns: [column] });
  t.after(() => sealing.stop());
  const former = Array.from({ length: 10 }, (_, index) => add(column, sealing, `value ${index}`));
  const derived = sealing.deriveKey("audit");
  const before = await sealing.status();
  await sealing.rotate();
  add(column, sealing, "meanwhile");
  await settled(sealing);
  const { keys } = await sealing.status();
  assert.deepEqual(
    keys.map(({ state }) => state),
    ["retired", "current"],
  );
  assert.equal(keys[0]?.keyId, before.keys[0]?.keyId);
  for (const row of column.rows.values()) {
    assert.equal(masterKeyIdOf(row.sealed), keys[1]?.keyId);
    assert.match(Buffer.from(sealing.open(row.sealed, column.place(row))).toString(), /^value \d$|^meanwhile$/);
  }
  // The service itself learns it with its next report.
  await sleep(100);
  for (const row of former) {
    assert.throws(() => sealing.open(row.sealed, column.place(row)), { code: "sealed-value-altered" });
  }
  assert.deepEqual(sealing.deriveKey("audit"), derived);
  const again = await openTestSealing(store, folder, "after");
  assert.deepEqual(again.deriveKey("audit"), derived);
});

storeTest(
  "a rotation waits for every live service to have the new key, names those that lack it, and then goes on",
  async (t) => {
    const own = await temporaryStore(t);
    const store: Store = { ...own, isShared: true };
    const [here, there] = [temporaryDirectory(t), temporaryDirectory(t)];
    const column = memoryColumn();
    const one = await startTestSealing(store, here, { service: "one", columns: [column] });
    await mkdir(dirname(keyFileOf(store, there)), { recursive: true });
    await copyFile(keyFileOf(store, here), keyFileOf(store, there));
    const two = await startTestSealing(store, there, { service: "two", leadership: follower });
    t.after(() => Promise.all([one.stop(), two.stop()]));
    const row = add(column, two, "secret");

    const waiting = await one.rotate();
    assert.deepEqual(waiting.waitingFor, ["two"]);
    await sleep(60);
    assert.deepEqual(
      (await one.status()).keys.map(({ state }) => state),
      ["current", "next"],
    );
    assert.equal(masterKeyIdOf(column.rows.get(row.rowId)?.sealed ?? new Uint8Array()), waiting.keys[0]?.keyId);

    await copyFile(keyFileOf(store, here), keyFileOf(store, there));
    await settled(one);
    const { keys } = await two.status();
    assert.deepEqual(
      keys.map(({ state }) => state),
      ["retired", "current"],
    );
    const rewrapped = column.rows.get(row.rowId);
    assert.ok(rewrapped);
    assert.equal(masterKeyIdOf(rewrapped.sealed), keys[1]?.keyId);
    assert.equal(Buffer.from(two.open(rewrapped.sealed, column.place(row))).toString(), "secret");
    assert.equal(masterKeyIdOf(add(column, two, "later").sealed), keys[1]?.keyId);
  },
);

storeTest("a rotation that was interrupted, wherever, is ended by the next service that starts", async (t) => {
  const store = await temporaryStore(t);
  const folder = temporaryDirectory(t);
  const column = memoryColumn();
  const first = await startTestSealing(store, folder, { leadership: follower, columns: [column] });
  add(column, first, "secret");
  await first.rotate();
  await first.stop();
  assert.deepEqual(
    (await store.read.masterKeys()).map(({ state }) => state),
    ["current", "next"],
  );

  // Dies after each single page.
  let pages = 0;
  const dying: SealedColumn = {
    ...column,
    rewrap: async (rows) => {
      pages += 1;
      if (pages === 1) throw new Error("died");
      await column.rewrap(rows);
    },
  };
  const second = await startTestSealing(store, folder, { service: "second", columns: [dying] });
  while (pages === 0) await sleep(2);
  await second.stop();
  assert.deepEqual(
    (await store.read.masterKeys()).map(({ state }) => state),
    ["retiring", "current"],
  );

  const third = await startTestSealing(store, folder, { service: "third", columns: [column] });
  t.after(() => third.stop());
  await settled(third);
  for (const row of column.rows.values()) {
    assert.equal(Buffer.from(third.open(row.sealed, column.place(row))).toString(), "secret");
  }
});

storeTest(
  "a new key that is given beside the present one is taken; where none is and none can be added, that is said",
  async (t) => {
    const store = await temporaryStore(t);
    const folder = temporaryDirectory(t);
    const present = newMasterKey();
    const file = join(folder, "given");
    await writeFile(file, present);
    const { read, shown } = fileKeySource(file);
    const sealing = await Sealing.open({
      store,
      service: "one",
      masterKey: { source: { read, shown }, makeAt: null },
      logger: silentLogger,
      intervals: { report: 20, rotation: 5, grace: 0 },
    });
    sealing.start(soleLeader);
    t.after(() => sealing.stop());
    await assert.rejects(sealing.rotate(), { code: "no-new-master-key", status: 409 });
    await writeFile(file, `${present}\n${newMasterKey()}\n`);
    await sealing.rotate();
    await settled(sealing);
    assert.deepEqual(
      (await sealing.status()).keys.map(({ state }) => state),
      ["retired", "current"],
    );
  },
);
