import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import sql from "mssql";
import { readDatabaseUrl } from "../mssql/database-url.ts";
import type { SentStatement } from "../mssql/statement-listener.ts";
import { listenToStatements } from "../mssql/statement-listener.ts";

/* Databases for tests on the SQL Server that RUNSMITH_TEST_MSSQL names. Each process makes its own, and drops them at its end. */

const prefix = "runsmith_test_";

/** So that what a killed process of this machine left is known as such. */
const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** Milliseconds after which a database of another machine's test is taken for forgotten by a process that was killed. */
const forgottenAfter = 3 * 3_600_000;

/** Folder for the statements that this process sends, for the check of their grammar. */
const recordings = process.env.RUNSMITH_TEST_STATEMENTS;
const recorded = new Map<string, SentStatement>();
if (recordings) {
  listenToStatements((statement) => recorded.set(`${statement.text} ${statement.parameters.join()}`, statement));
}

/** A database of a test. */
export interface TestDatabase {
  url: string;
  /** Takes everything out again, or keeps it from being used again; then it serves the next test. */
  release(): Promise<void>;
}

interface OwnDatabase {
  name: string;
  url: string;
  /** For emptying it between two tests, … */
  pool: sql.ConnectionPool;
  /** … with this text; made when the tables are there. */
  clearing: string | null;
}

let server: Promise<sql.ConnectionPool> | undefined;
let made = 0;
const all: OwnDatabase[] = [];
const free: OwnDatabase[] = [];

/** An empty database, or one as it is after its first start. */
export async function takeTestDatabase(): Promise<TestDatabase> {
  const database = free.pop() ?? (await make());
  return {
    url: database.url,
    release: async () => {
      await clear(database);
      free.push(database);
    },
  };
}

/** A connection to a database that was taken, past the store. */
export function connectionOfTestDatabase(databaseUrl: string): sql.ConnectionPool {
  const database = all.find(({ url }) => url === databaseUrl);
  if (database === undefined) throw new Error("That is no database of this process.");
  return database.pool;
}

/** All rows of a table of a database that was taken. */
export async function rowsOfTestDatabase(databaseUrl: string, table: string): Promise<Record<string, unknown>[]> {
  const request = connectionOfTestDatabase(databaseUrl).request();
  return (await request.query<Record<string, unknown>>(`SELECT * FROM runsmith.${table}`)).recordset;
}

const closings: (() => Promise<void>)[] = [];

/** Does something before this process drops its databases: closes what is connected to them. */
export function beforeTestDatabasesAreDropped(close: () => Promise<void>): void {
  closings.push(close);
}

/** Drops what this process made. */
export async function dropTestDatabases(): Promise<void> {
  for (const close of closings.splice(0)) {
    await close();
  }
  // A process that sent none has nothing to say: its tests were skipped, or ran on SQLite.
  if (recordings && recorded.size > 0) {
    writeFileSync(join(recordings, `${process.pid}.json`), JSON.stringify([...recorded.values()]));
  }
  // Where it was never reached there is nothing to drop, and the tests have said so.
  const pool = await server?.catch(() => undefined);
  if (pool !== undefined) {
    for (const database of all) {
      await database.pool.close();
      await drop(pool, database.name);
    }
    await pool.close();
  }
}

/** A database of its own with nothing in it, for what makes the schema. */
export async function makeEmptyTestDatabase(): Promise<sql.ConnectionPool> {
  return (await make()).pool;
}

function serverUrl(): string {
  const url = process.env.RUNSMITH_TEST_MSSQL;
  if (!url) {
    throw new Error("RUNSMITH_TEST_MSSQL names no SQL Server.");
  }
  return url;
}

async function connection(): Promise<sql.ConnectionPool> {
  server ??= (async () => {
    const pool = await new sql.ConnectionPool(readDatabaseUrl(serverUrl()).config).connect();
    await dropForgotten(pool);
    return pool;
  })();
  return server;
}

async function make(): Promise<OwnDatabase> {
  const pool = await connection();
  made += 1;
  const name = `${prefix}${Date.now().toString(36)}_${machine}_${process.pid}_${made}`;
  await pool.request().batch(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  const own = await new sql.ConnectionPool({ ...readDatabaseUrl(url.href).config, pool: { max: 4 } }).connect();
  const database: OwnDatabase = { name, url: url.href, pool: own, clearing: null };
  all.push(database);
  return database;
}

async function clear(database: OwnDatabase): Promise<void> {
  database.clearing ??= await clearingText(database.pool);
  if (database.clearing !== "") await database.pool.request().batch(database.clearing);
}

/** Deletions from all tables but those that a migration fills, children first. */
async function clearingText(pool: sql.ConnectionPool): Promise<string> {
  const tables = (
    await pool.request().query<{ name: string }>("SELECT name FROM sys.tables WHERE schema_id = SCHEMA_ID(N'runsmith')")
  ).recordset.map(({ name }) => name);
  const references = (
    await pool.request().query<{ child: string; parent: string }>(
      `SELECT OBJECT_NAME(parent_object_id) AS child, OBJECT_NAME(referenced_object_id) AS parent FROM sys.foreign_keys
       WHERE parent_object_id <> referenced_object_id`,
    )
  ).recordset;
  const left = new Set(tables.filter((name) => !["migrations", "workspaces", "installation"].includes(name)));
  const order: string[] = [];
  while (left.size > 0) {
    const next = [...left].filter(
      (name) => !references.some(({ parent, child }) => parent === name && left.has(child)),
    );
    if (next.length === 0) throw new Error(`Tables refer to each other in a circle: ${[...left].join(", ")}`);
    for (const name of next) left.delete(name);
    order.push(...next);
  }
  return order.map((name) => `DELETE FROM runsmith.${name};`).join("\n");
}

async function dropForgotten(pool: sql.ConnectionPool): Promise<void> {
  const { recordset } = await pool.request().query<{ name: string }>("SELECT name FROM sys.databases");
  for (const { name } of recordset.filter((database) => database.name.startsWith(prefix))) {
    const [madeAt = "", madeOn, processId] = name.slice(prefix.length).split("_");
    const old = Date.now() - Number.parseInt(madeAt, 36) > forgottenAfter;
    if (madeOn === machine ? !isAlive(Number(processId)) : old) await drop(pool, name);
  }
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function drop(pool: sql.ConnectionPool, name: string): Promise<void> {
  // Ends what a failed test left connected.
  await pool
    .request()
    .batch(`ALTER DATABASE ${name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`)
    .catch(() => {});
  await pool
    .request()
    .batch(`DROP DATABASE ${name}`)
    .catch((error: Error) => process.stderr.write(`The test's database ${name} stays: ${error.message}\n`));
}
