import sql from "mssql";
import { ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import type { DatabaseTables, Row, Table, Value } from "../move/database-tables.ts";
import { checkedName } from "../move/database-tables.ts";
import { moveMark } from "../unfinished-move.ts";
import { connect } from "./connect.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { migrate } from "./migrate.ts";
import { noteStatement } from "./statement-listener.ts";

/** Milliseconds of one statement: reading or adding some megabytes, or counting a large table. */
const requestTimeout = 600_000;

interface Column {
  table: string;
  name: string;
  type: string;
  /** Bytes; -1 without limit. */
  length: number;
  nullable: boolean;
  /** Its place in the primary key; null outside of it. */
  ordinal: number | null;
}

/**
 * Opens a database on SQL Server, with its schema up to date.
 * @throws UserError as `openStore` does.
 */
export async function openMssqlTables(databaseUrl: string): Promise<DatabaseTables> {
  const address = readDatabaseUrl(databaseUrl);
  const config = { ...address.config, requestTimeout, pool: { ...address.config.pool, max: 2 } };
  const pool = await connect({ ...address, config });
  try {
    await migrate(pool, readMigrations(ownMigrationsDirectory("mssql")));
    return tablesOf(pool, address.shown, await columnsOf(pool));
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function tablesOf(pool: sql.ConnectionPool, shown: string, columns: Column[]): DatabaseTables {
  const byTable = Map.groupBy(columns, ({ table }) => table);
  const column = (table: Table, name: string): Column => {
    const found = byTable.get(table.name)?.find((other) => other.name === name);
    if (found === undefined) throw new Error(`There is no column ${table.name}.${name}.`);
    return found;
  };
  const all = <R>(text: string, inputs: readonly Input[] = []): Promise<R[]> => query<R>(pool, text, inputs);
  const toRow = (table: Table, names: readonly string[], record: Record<string, unknown>): Row =>
    names.map((name) => fromDriver(record[name], column(table, name).type));
  const hasMark = async () =>
    (await all<{ here: number | null }>(`SELECT OBJECT_ID(N'runsmith.${moveMark}', N'U') AS here`))[0]?.here != null;

  return {
    kind: "sql-server",
    shown,
    async tables() {
      const references = await all<{ child: string; parent: string }>(
        "SELECT OBJECT_NAME(parent_object_id) AS child, OBJECT_NAME(referenced_object_id) AS parent FROM sys.foreign_keys",
      );
      return [...byTable].map(([name, own]) => {
        const key = own.filter(({ ordinal }) => ordinal !== null).sort((a, b) => (a.ordinal ?? 0) - (b.ordinal ?? 0));
        return {
          name,
          columns: own.map((each) => each.name).sort(),
          key: key.map((each) => each.name),
          sameOrder: key.every(({ type }) => type !== "nvarchar"),
          parents: references
            .filter(({ child, parent }) => child === name && parent !== name)
            .map(({ parent }) => parent),
        };
      });
    },
    async count({ name }) {
      return Number((await all<{ n: unknown }>(`SELECT COUNT_BIG(*) AS n FROM runsmith.${name}`))[0]?.n);
    },
    async read(table, after, limit) {
      const records = await all<Record<string, unknown>>(
        `SELECT TOP (@limit) ${table.columns.map(bracketed).join(", ")} FROM runsmith.${table.name}
         ${after === null ? "" : `WHERE ${behind(table.key)}`} ORDER BY ${table.key.map(bracketed).join(", ")}`,
        [
          { name: "limit", type: sql.Int(), value: limit },
          ...(after ?? []).map((value, index) => {
            const of = column(table, table.key[index] ?? "");
            return { name: `key${index}`, type: driverType(of), value: toDriver(value, of.type) };
          }),
        ],
      );
      return records.map((record) => toRow(table, table.columns, record));
    },
    async lastKey(table) {
      const order = table.key.map((name) => `${bracketed(name)} DESC`).join(", ");
      const [record] = await all<Record<string, unknown>>(
        `SELECT TOP (1) ${table.key.map(bracketed).join(", ")} FROM runsmith.${table.name} ORDER BY ${order}`,
      );
      return record === undefined ? null : toRow(table, table.key, record);
    },
    async insert(table, rows) {
      const bulk = new sql.Table(`runsmith.${table.name}`);
      const own = table.columns.map((name) => column(table, name));
      for (const each of own) bulk.columns.add(each.name, driverType(each), { nullable: each.nullable });
      for (const row of rows) {
        bulk.rows.add(...row.map((value, index) => toDriver(value, own[index]?.type ?? "") as string));
      }
      // One statement: all of them or none.
      await pool.request().bulk(bulk, { checkConstraints: true });
    },
    async clear({ name }) {
      await all(`DELETE FROM runsmith.${name}`);
    },
    async unfinishedMove() {
      if (!(await hasMark())) return null;
      const [mark] = await all<{ installation_id: string }>(`SELECT installation_id FROM runsmith.${moveMark}`);
      return mark?.installation_id ?? "";
    },
    async beginMove(installationId) {
      await all(`CREATE TABLE runsmith.${moveMark} (installation_id nvarchar(64) NOT NULL)`);
      await all(`INSERT INTO runsmith.${moveMark} (installation_id) VALUES (@id)`, [
        { name: "id", type: sql.NVarChar(64), value: installationId },
      ]);
    },
    async endMove() {
      await all(`DROP TABLE runsmith.${moveMark}`);
    },
    async inUse() {
      const [lease] = await all<{ holder: string }>(
        "SELECT TOP (1) holder FROM runsmith.duty_leases WHERE expires_at > SYSUTCDATETIME()",
      );
      return lease === undefined ? null : `a service (${lease.holder}) uses it, or did a moment ago`;
    },
    async close() {
      await pool.close();
    },
  };
}

async function columnsOf(pool: sql.ConnectionPool): Promise<Column[]> {
  const columns = await query<Column>(
    pool,
    `SELECT t.name AS [table], c.name, y.name AS [type], CAST(c.max_length AS int) AS [length], c.is_nullable AS nullable,
       CAST(k.key_ordinal AS int) AS ordinal
     FROM sys.tables t
     JOIN sys.columns c ON c.object_id = t.object_id
     JOIN sys.types y ON y.user_type_id = c.user_type_id
     LEFT JOIN sys.indexes i ON i.object_id = t.object_id AND i.is_primary_key = 1
     LEFT JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.column_id = c.column_id
     WHERE t.schema_id = SCHEMA_ID(N'runsmith') AND t.name NOT IN (N'migrations', N'${moveMark}')
       AND y.name NOT IN (N'timestamp', N'rowversion') AND c.is_computed = 0`,
  );
  for (const { table, name } of columns) {
    checkedName(table);
    checkedName(name);
  }
  return columns;
}

/** A parameter; its name without `@`. */
interface Input {
  name: string;
  type: sql.ISqlType;
  value: unknown;
}

async function query<R>(pool: sql.ConnectionPool, text: string, inputs: readonly Input[] = []): Promise<R[]> {
  noteStatement({ text, procedure: false, parameters: inputs.map(({ name }) => name) });
  const request = pool.request();
  for (const { name, type, value } of inputs) request.input(name, type, value);
  return (await request.query<R>(text)).recordset;
}

/** That a key is behind another one: SQL Server compares no tuples. */
function behind(key: readonly string[]): string {
  return key
    .map((name, index) => {
      const equal = key.slice(0, index).map((before, at) => `${bracketed(before)} = @key${at}`);
      return `(${[...equal, `${bracketed(name)} > @key${index}`].join(" AND ")})`;
    })
    .join(" OR ");
}

function bracketed(name: string): string {
  return `[${name}]`;
}

function driverType({ type, length }: Column): sql.ISqlType {
  switch (type) {
    case "binary":
    case "varbinary":
      return sql.VarBinary(length < 0 ? sql.MAX : length);
    case "nvarchar":
      return sql.NVarChar(length < 0 ? sql.MAX : length / 2);
    case "datetime2":
      return sql.DateTime2(3);
    case "bit":
      return sql.Bit();
    case "bigint":
      return sql.BigInt();
    case "int":
    case "smallint":
    case "tinyint":
      return sql.Int();
    default:
      throw new Error(`The schema has a column of the type ${type}.`);
  }
}

function toDriver(value: Value, type: string): unknown {
  if (value === null) return null;
  if (type === "datetime2") return new Date(Number(value));
  if (type === "bit") return value !== 0;
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function fromDriver(value: unknown, type: string): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === "boolean") return value ? 1 : 0;
  // The driver gives 64 bit numbers as text.
  if (type === "bigint") return Number(value);
  return value as Value;
}
