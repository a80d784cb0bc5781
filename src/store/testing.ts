import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test, { after } from "node:test";
import { skipUnless } from "../../test/support/requires.ts";
import { openStore } from "./open-store.ts";
import type { Store } from "./store.ts";
import type { StoreOptions } from "./store-options.ts";

/* For tests only. */

type DatabaseKind = Store["database"]["kind"];

const optionsOfStores = new WeakMap<Store, StoreOptions>();
const databaseOfTest = new AsyncLocalStorage<DatabaseKind>();

let testDatabases: typeof import("./testing/test-database.ts") | undefined;

// Said here, for what is said within a test is done at the end of that test.
after(() => testDatabases?.dropTestDatabases());

/**
 * A test of what holds on every database: once on SQLite, and once on the SQL Server that RUNSMITH_TEST_MSSQL names.
 * Within it, `temporaryStore` and `temporaryStoreOptions` are of that database.
 */
export function storeTest(name: string, body: (t: TestContext) => Promise<void>): void {
  test(`${name} · SQLite`, (t) => databaseOfTest.run("sqlite", body, t));
  test(`${name} · SQL Server`, skipUnless("mssql"), (t) => databaseOfTest.run("sql-server", body, t));
}

/** An empty folder that is gone after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runsmith-store-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** How to open a store over a database of its own, which is gone after the test. */
export async function temporaryStoreOptions(t: TestContext): Promise<StoreOptions> {
  const directory = mkdtempSync(join(tmpdir(), "runsmith-store-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  if (databaseOfTest.getStore() !== "sql-server") {
    t.after(remove);
    return { dataDirectory: directory };
  }
  testDatabases ??= await import("./testing/test-database.ts");
  const database = await testDatabases.takeTestDatabase();
  t.after(async () => {
    remove();
    await database.release();
  });
  return { dataDirectory: directory, databaseUrl: database.url };
}

/** A store over a database of its own, closed and deleted after the test. */
export async function temporaryStore(t: TestContext): Promise<Store> {
  let opened: Store | undefined;
  // What is to be done first after the test must be said first.
  t.after(() => opened?.close());
  const options = await temporaryStoreOptions(t);
  opened = await openStore(options);
  optionsOfStores.set(opened, options);
  return opened;
}

/** All rows of a table of a `temporaryStore`, past the store; values as its database's driver gives them. */
export async function storedRows(store: Store, table: string): Promise<Record<string, unknown>[]> {
  const { databaseUrl } = optionsOfStores.get(store) ?? {};
  if (databaseUrl !== undefined && testDatabases !== undefined) {
    return testDatabases.rowsOfTestDatabase(databaseUrl, table);
  }
  assert.equal(store.database.kind, "sqlite");
  const database = new DatabaseSync(store.database.kind === "sqlite" ? store.database.file : "", { readOnly: true });
  try {
    return database.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    database.close();
  }
}
