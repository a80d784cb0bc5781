import type sql from "mssql";
import type { Schema, SchemaColumn } from "./schema.ts";

/* For tests only. */

/** Columns that only SQL Server has, for feeds over many rows. */
export const ownColumns = ["row_version"];

/** What a type of SQL Server is to operations. */
export const columnTypes: Record<string, SchemaColumn["type"]> = {
  binary: "id or bytes",
  varbinary: "id or bytes",
  nvarchar: "text",
  bit: "number",
  tinyint: "number",
  int: "number",
  bigint: "number",
  datetime2: "time",
};

/** The tables of a database on SQL Server, without the list of migrations, as its catalog has them. */
export async function readMssqlSchema(pool: sql.ConnectionPool): Promise<Schema> {
  const all = async <Row>(text: string) => (await pool.request().query<Row>(text)).recordset;
  const columns = await all<{ of: string; name: string; type: string; nullable: boolean; collation: string | null }>(
    `SELECT o.name AS [of], c.name AS name, t.name AS type, c.is_nullable AS nullable, c.collation_name AS collation
     FROM sys.tables AS o
     JOIN sys.columns AS c ON c.object_id = o.object_id
     JOIN sys.types AS t ON t.user_type_id = c.user_type_id
     WHERE o.schema_id = SCHEMA_ID(N'runsmith')`,
  );
  const keys = await all<{ of: string; key: number; name: string; position: number }>(
    `SELECT o.name AS [of], i.index_id AS [key], c.name AS name, k.key_ordinal AS position
     FROM sys.tables AS o
     JOIN sys.indexes AS i ON i.object_id = o.object_id AND i.is_unique = 1
     JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id
     JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
     WHERE o.schema_id = SCHEMA_ID(N'runsmith')`,
  );
  const references = await all<{ of: string; name: string; parent: string; rule: string }>(
    `SELECT o.name AS [of], c.name AS name, p.name AS parent, f.delete_referential_action_desc AS [rule]
     FROM sys.foreign_keys AS f
     JOIN sys.tables AS o ON o.object_id = f.parent_object_id
     JOIN sys.tables AS p ON p.object_id = f.referenced_object_id
     JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id
     JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
     WHERE o.schema_id = SCHEMA_ID(N'runsmith')`,
  );
  const defaults = await all<{ of: string; name: string; definition: string }>(
    `SELECT o.name AS [of], c.name AS name, d.definition
     FROM sys.default_constraints AS d
     JOIN sys.tables AS o ON o.object_id = d.parent_object_id
     JOIN sys.columns AS c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id
     WHERE o.schema_id = SCHEMA_ID(N'runsmith')`,
  );
  const initials = new Map(defaults.map(({ of, name, definition }) => [`${of}.${name}`, plainDefault(definition)]));
  const schema: Schema = {};
  for (const name of new Set(columns.map(({ of }) => of).filter((table) => table !== "migrations"))) {
    const ownKeys = Map.groupBy(
      keys.filter(({ of }) => of === name),
      ({ key }) => key,
    );
    schema[name] = {
      columns: Object.fromEntries(
        columns
          .filter((column) => column.of === name && !ownColumns.includes(column.name))
          .map(({ name: column, type, nullable, collation }) => [
            column,
            {
              type: columnTypes[type] ?? unknownType(name, column, type),
              nullable,
              ignoresCase: /_ci_/i.test(collation ?? ""),
              initial: initials.get(`${name}.${column}`) ?? null,
            },
          ]),
      ),
      uniqueKeys: [...ownKeys.values()]
        .map((key) =>
          key
            .toSorted((one, other) => one.position - other.position)
            .map((column) => column.name)
            .join(","),
        )
        .sort(),
      references: references
        .filter(({ of }) => of === name)
        .map(({ name: column, parent, rule }) => `${column} → ${parent} ${rule === "CASCADE" ? "cascade" : "restrict"}`)
        .sort(),
    };
  }
  return schema;
}

/** The literal in `((1))`, `(N'text')`, or whatever else the server makes of a default. */
function plainDefault(definition: string): string | null {
  return /'[^']*'|-?\d+/.exec(definition)?.[0] ?? null;
}

function unknownType(table: string, column: string, type: string): never {
  throw new Error(`${table}.${column} is of type ${type}, which this program uses nowhere else.`);
}
