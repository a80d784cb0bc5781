import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test, { after } from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import { openStore } from "../open-store.ts";
import type { Store } from "../store.ts";
import type { StoreOptions } from "../store-options.ts";

/* For tests only. */

type DatabaseKind = Store["database"]["kind"];

const optionsOfStores = new WeakMap<Store, StoreOptions>();
const databaseOfTest = new AsyncLocalStorage<DatabaseKind>();

let testDatabases: typeof import("./test-database.ts") | undefined;

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

/** Does something as `storeTest` does it on this database. */
export function onDatabase<Result>(kind: DatabaseKind, body: () => Result): Result {
  return databaseOfTest.run(kind, body);
}

/** A test of what holds where several services share a database: on the SQL Server that RUNSMITH_TEST_MSSQL names. */
export function sharedDatabaseTest(name: string, body: (t: TestContext) => Promise<void>): void {
  test(name, skipUnless("mssql"), (t) => databaseOfTest.run("sql-server", body, t));
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
  const database = await (await sqlServerOfTests()).takeTestDatabase();
  t.after(async () => {
    remove();
    await database.release();
  });
  return { dataDirectory: directory, databaseUrl: database.url };
}

/** The databases of this process on the SQL Server of the tests. */
export async function sqlServerOfTests(): Promise<typeof import("./test-database.ts")> {
  testDatabases ??= await import("./test-database.ts");
  return testDatabases;
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

/**
 * All rows of a table, past the store; values as its database's driver gives them.
 * @param of a `temporaryStore`, or what `temporaryStoreOptions` gave
 */
export async function storedRows(of: Store | StoreOptions, table: string): Promise<Record<string, unknown>[]> {
  const options = "dataDirectory" in of ? of : optionsOfStores.get(of);
  const { databaseUrl, dataDirectory = "" } = options ?? {};
  if (databaseUrl !== undefined && testDatabases !== undefined) {
    return testDatabases.rowsOfTestDatabase(databaseUrl, table);
  }
  const database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"), { readOnly: true });
  try {
    return database.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    database.close();
  }
}
