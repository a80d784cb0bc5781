import type { DatabaseSync } from "node:sqlite";
import { prepareDataDirectory } from "../data-directory.ts";
import { lockDirectory } from "../directory-lock.ts";
import { ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import type { DatabaseTables, Row, Table, Value } from "../move/database-tables.ts";
import { checkedName } from "../move/database-tables.ts";
import { moveMark } from "../unfinished-move.ts";
import { dataFile } from "./data-directory.ts";
import { migrate } from "./migrate.ts";
import { openWritingConnection } from "./open-connection.ts";

/**
 * Opens the embedded database of a data folder, alone, with its schema up to date.
 * @throws UserError as `openStore` does.
 */
export async function openSqliteTables(dataDirectory: string): Promise<DatabaseTables> {
  prepareDataDirectory(dataDirectory);
  const lock = lockDirectory(dataDirectory);
  const file = dataFile(dataDirectory, "database");
  let database: DatabaseSync | undefined;
  try {
    database = openWritingConnection(file);
    await migrate(database, readMigrations(ownMigrationsDirectory("sqlite")), dataFile(dataDirectory, "backups"));
    // Rows come parents first, and the whole is compared at the end.
    database.exec("PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 4096");
    return tablesOf(database, file, () => lock.release());
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

function tablesOf(database: DatabaseSync, file: string, released: () => void): DatabaseTables {
  const statement = (sql: string) => database.prepare(sql);
  const inTransaction = (work: () => void) => {
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    kind: "sqlite",
    shown: file,
    async tables() {
      const names = statement(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
      )
        .all()
        .map(({ name }) => checkedName(String(name)));
      return names.filter((name) => name !== "migrations" && name !== moveMark).map((name) => tableOf(database, name));
    },
    async count({ name }) {
      return Number(statement(`SELECT COUNT(*) AS n FROM ${name}`).get()?.["n"]);
    },
    async read(table, after, limit) {
      const key = table.key.join(", ");
      const where = after === null ? "" : `WHERE (${key}) > (${table.key.map(() => "?").join(", ")})`;
      const read = statement(`SELECT ${table.columns.join(", ")} FROM ${table.name} ${where} ORDER BY ${key} LIMIT ?`);
      read.setReturnArrays(true);
      return read.all(...(after ?? []), limit) as unknown as Row[];
    },
    async lastKey(table) {
      const order = table.key.map((column) => `${column} DESC`).join(", ");
      const read = statement(`SELECT ${table.key.join(", ")} FROM ${table.name} ORDER BY ${order} LIMIT 1`);
      read.setReturnArrays(true);
      return (read.get() as unknown as Value[] | undefined) ?? null;
    },
    async insert(table, rows) {
      const marks = table.columns.map(() => "?").join(", ");
      const insert = statement(`INSERT INTO ${table.name} (${table.columns.join(", ")}) VALUES (${marks})`);
      inTransaction(() => {
        for (const row of rows) insert.run(...row);
      });
    },
    async clear({ name }) {
      statement(`DELETE FROM ${name}`).run();
    },
    async unfinishedMove() {
      if (statement("SELECT 1 FROM sqlite_schema WHERE name = ?").get(moveMark) === undefined) return null;
      return String(statement(`SELECT installation_id FROM ${moveMark}`).get()?.["installation_id"]);
    },
    async beginMove(installationId) {
      inTransaction(() => {
        database.exec(`CREATE TABLE ${moveMark} (installation_id TEXT NOT NULL) STRICT`);
        statement(`INSERT INTO ${moveMark} VALUES (?)`).run(installationId);
      });
    },
    async endMove() {
      database.exec(`DROP TABLE ${moveMark}; PRAGMA optimize`);
    },
    // Whoever uses it has the folder's lock.
    inUse: () => Promise.resolve(null),
    async close() {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
      released();
    },
  };
}

function tableOf(database: DatabaseSync, name: string): Table {
  const columns = database.prepare("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY name").all(name) as {
    name: string;
    type: string;
    pk: number;
  }[];
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const parents = database.prepare('SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(?)').all(name);
  return {
    name,
    columns: columns.map((column) => checkedName(column.name)),
    key: key.map((column) => column.name),
    sameOrder: key.every(({ type }) => type !== "TEXT"),
    parents: parents.map((parent) => String(parent["name"])).filter((parent) => parent !== name),
  };
}
