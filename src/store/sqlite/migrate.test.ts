import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test from "node:test";
import { ownMigrationsDirectory } from "../migrations.ts";
import { openStore } from "../open-store.ts";
import { temporaryDirectory } from "../testing/temporary-store.ts";
import { dataFile } from "./data-directory.ts";

/** A data directory, and a copy of the migrations to add to. */
function places(t: TestContext): { dataDirectory: string; migrationsDirectory: string } {
  const root = temporaryDirectory(t);
  const migrationsDirectory = join(root, "sql");
  mkdirSync(migrationsDirectory);
  for (const file of readdirSync(ownMigrationsDirectory("sqlite"))) {
    copyFileSync(join(ownMigrationsDirectory("sqlite"), file), join(migrationsDirectory, file));
  }
  return { dataDirectory: join(root, "data"), migrationsDirectory };
}

function nextMigrationFile(migrationsDirectory: string): string {
  const number = String(readdirSync(migrationsDirectory).length + 1).padStart(4, "0");
  return join(migrationsDirectory, `${number}-next.sql`);
}

async function openAndClose(options: { dataDirectory: string; migrationsDirectory: string }): Promise<string> {
  const store = await openStore(options);
  const { installationId } = store;
  await store.close();
  return installationId;
}

test("a new database has every migration, its page size and incremental vacuum, and is readable by its owner only", async (t) => {
  const options = places(t);
  await openAndClose(options);
  const file = dataFile(options.dataDirectory, "database");
  const database = new DatabaseSync(file);
  t.after(() => database.close());
  const numbers = database
    .prepare("SELECT number FROM migrations")
    .all()
    .map((row) => row["number"]);
  assert.deepEqual(
    numbers,
    readdirSync(options.migrationsDirectory).map((_, index) => index + 1),
  );
  assert.deepEqual({ ...database.prepare("PRAGMA auto_vacuum").get() }, { auto_vacuum: 2 });
  assert.deepEqual({ ...database.prepare("PRAGMA page_size").get() }, { page_size: 4096 });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(options.dataDirectory).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(options.dataDirectory).includes("backups"), false);
});

test("the installation keeps its identity", async (t) => {
  const options = places(t);
  assert.equal(await openAndClose(options), await openAndClose(options));
});

test("a database with data is copied before it is migrated", async (t) => {
  const options = places(t);
  const installationId = await openAndClose(options);
  writeFileSync(nextMigrationFile(options.migrationsDirectory), "CREATE TABLE added (a INTEGER) STRICT;");
  assert.equal(await openAndClose(options), installationId);
  const backups = dataFile(options.dataDirectory, "backups");
  const [copy, ...others] = readdirSync(backups);
  assert.ok(copy);
  assert.deepEqual(others, []);
  assert.equal(statSync(join(backups, copy)).mode & 0o777, 0o600);
  const database = new DatabaseSync(join(backups, copy), { readOnly: true });
  t.after(() => database.close());
  assert.equal(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'added'").get(), undefined);
  const row = database.prepare("SELECT hex(installation_id) AS id FROM installation").get();
  assert.equal(row?.["id"], installationId.replaceAll("-", "").toUpperCase());
});

test("a migration that was changed after it had been applied is refused", async (t) => {
  const options = places(t);
  await openAndClose(options);
  const [first] = readdirSync(options.migrationsDirectory);
  assert.ok(first);
  appendFileSync(join(options.migrationsDirectory, first), "\n-- changed");
  await assert.rejects(openStore(options), { name: "UserError", code: "migration-changed", message: /Migration 1/ });
});

test("a database that a newer program has used is refused, and left as it is", async (t) => {
  const options = places(t);
  await openAndClose(options);
  const next = nextMigrationFile(options.migrationsDirectory);
  writeFileSync(next, "CREATE TABLE added (a INTEGER) STRICT;");
  await openAndClose(options);
  rmSync(next);
  await assert.rejects(openStore(options), { name: "UserError", code: "database-newer-than-program", remedy: /newer/ });
});

test("a program of the release before still opens a database after a migration that only adds", async (t) => {
  const options = places(t);
  const installationId = await openAndClose(options);
  const next = nextMigrationFile(options.migrationsDirectory);
  const before = readdirSync(options.migrationsDirectory).length;
  writeFileSync(next, `-- Oldest program: ${before}\nCREATE TABLE added (a INTEGER) STRICT;`);
  await openAndClose(options);
  rmSync(next);
  assert.equal(await openAndClose(options), installationId);
});

test("a migration that fails leaves nothing of itself, and the former program still starts", async (t) => {
  const options = places(t);
  await openAndClose(options);
  const next = nextMigrationFile(options.migrationsDirectory);
  writeFileSync(next, "CREATE TABLE added (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);");
  await assert.rejects(openStore(options), /nowhere/);
  rmSync(next);
  await openAndClose(options);
});

test("a file that is no database, or not ours, is refused and not touched", async (t) => {
  const options = places(t);
  mkdirSync(options.dataDirectory);
  const file = dataFile(options.dataDirectory, "database");
  writeFileSync(file, "This is not a database, but it is long enough to have a header. ".repeat(100));
  await assert.rejects(openStore(options), { name: "UserError", code: "database-damaged" });
  rmSync(file);
  const foreign = new DatabaseSync(file);
  foreign.exec("CREATE TABLE theirs (a)");
  foreign.close();
  const before = statSync(file);
  await assert.rejects(openStore(options), { name: "UserError", code: "not-our-database", remedy: /--data/ });
  assert.equal(statSync(file).mtimeMs, before.mtimeMs);
});

test("a data directory that cannot be one is refused with what to do", async (t) => {
  const options = places(t);
  writeFileSync(options.dataDirectory, "a file");
  await assert.rejects(openStore(options), { name: "UserError", code: "data-directory-unusable", remedy: /--data/ });
});
