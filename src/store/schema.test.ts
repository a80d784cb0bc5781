import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { skipUnless } from "../../test/support/requires.ts";
import { ownMigrationsDirectory } from "./migrations.ts";
import { openStore } from "./open-store.ts";
import { readMssqlSchemaText } from "./testing/mssql-schema-text.ts";
import type { Schema } from "./testing/schema.ts";
import { readSqliteSchema } from "./testing/sqlite-schema.ts";
import { onDatabase, temporaryStoreOptions } from "./testing/temporary-store.ts";

function migrationTexts(dialect: "sqlite" | "mssql"): string[] {
  const directory = ownMigrationsDirectory(dialect);
  return readdirSync(directory)
    .sort()
    .map((file) => readFileSync(join(directory, file), "utf8"));
}

function sqliteSchema(): Schema {
  const database = new DatabaseSync(":memory:");
  try {
    for (const text of migrationTexts("sqlite")) database.exec(text);
    return readSqliteSchema(database);
  } finally {
    database.close();
  }
}

/** What differs, by table and column, so that a failure names it. */
function differences(sqlite: Schema, mssql: Schema): string[] {
  const found: string[] = [];
  const compare = (where: string, one: unknown, other: unknown) => {
    const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
    if (left !== right) found.push(`${where}: SQLite ${left ?? "has none"}, SQL Server ${right ?? "has none"}`);
  };
  for (const table of new Set([...Object.keys(sqlite), ...Object.keys(mssql)])) {
    const [left, right] = [sqlite[table], mssql[table]];
    if (left === undefined || right === undefined) {
      found.push(`${table}: only on ${left === undefined ? "SQL Server" : "SQLite"}`);
      continue;
    }
    for (const column of new Set([...Object.keys(left.columns), ...Object.keys(right.columns)])) {
      const [one, other] = [left.columns[column], right.columns[column]];
      // SQL Server ignores case where people read a name; SQLite needs that only where something is looked up by it.
      const ignoresCase = other !== undefined && one?.ignoresCase === false ? false : other?.ignoresCase;
      compare(`${table}.${column}`, one, other && { ...other, ignoresCase });
    }
    compare(`${table}, unique keys`, left.uniqueKeys, right.uniqueKeys);
    compare(`${table}, references`, left.references, right.references);
  }
  return found;
}

test("both databases have the same tables, columns and rules, by their files", () => {
  assert.deepEqual(differences(sqliteSchema(), readMssqlSchemaText(migrationTexts("mssql"))), []);
});

test("both databases have the same tables, columns and rules, by their catalogs", skipUnless("mssql"), (t) =>
  onDatabase("sql-server", async () => {
    const options = await temporaryStoreOptions(t);
    await (await openStore(options)).close();
    const { readMssqlSchema } = await import("./testing/mssql-schema.ts");
    const { connectionOfTestDatabase } = await import("./testing/test-database.ts");
    const schema = await readMssqlSchema(connectionOfTestDatabase(options.databaseUrl ?? ""));
    assert.deepEqual(differences(sqliteSchema(), schema), []);
  }),
);
