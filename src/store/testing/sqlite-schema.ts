import type { DatabaseSync } from "node:sqlite";
import type { Schema, SchemaColumn } from "./schema.ts";
import { isTimeColumn } from "./schema.ts";

/* For tests only. */

/** The tables of an embedded database, without the list of migrations. */
export function readSqliteSchema(database: DatabaseSync): Schema {
  const all = (sql: string, ...values: string[]) => database.prepare(sql).all(...values) as Record<string, unknown>[];
  const tables = all("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'");
  const schema: Schema = {};
  for (const { name, sql } of tables as { name: string; sql: string }[]) {
    const columns: Record<string, SchemaColumn> = {};
    const info = all('SELECT name, type, "notnull" AS required, dflt_value AS initial FROM pragma_table_info(?)', name);
    for (const column of info as { name: string; type: string; required: number; initial: string | null }[]) {
      columns[column.name] = {
        type: typeOf(column.name, column.type),
        nullable: column.required === 0,
        ignoresCase: new RegExp(`^ *${column.name} .*COLLATE NOCASE`, "m").test(sql),
        initial: column.initial,
      };
    }
    const keys = all('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', name);
    const uniqueKeys = (keys as { name: string }[]).map((key) =>
      (all("SELECT name FROM pragma_index_info(?) ORDER BY seqno", key.name) as { name: string }[])
        .map((column) => column.name)
        .join(","),
    );
    const foreign = all('SELECT "from", "table", on_delete FROM pragma_foreign_key_list(?)', name);
    schema[name] = {
      columns,
      uniqueKeys: uniqueKeys.sort(),
      references: (foreign as { from: string; table: string; on_delete: string }[])
        .map(({ from, table, on_delete }) => `${from} → ${table} ${on_delete === "CASCADE" ? "cascade" : "restrict"}`)
        .sort(),
    };
  }
  return schema;
}

function typeOf(column: string, type: string): SchemaColumn["type"] {
  if (type === "BLOB") return "id or bytes";
  if (type === "TEXT") return "text";
  return isTimeColumn(column) ? "time" : "number";
}
