import sql from "mssql";
import type { MssqlSession, StatementResult } from "./session.ts";
import { toSqlError } from "./sql-errors.ts";
import type { SqlType, SqlValue, SqlValues, TableValue, TypedValue } from "./sql-values.ts";
import { noteStatement } from "./statement-listener.ts";

/** What a session counts; see `StoreStatistics`. */
export interface SessionCounters {
  commits: number;
  /** Milliseconds. */
  commitTime: number;
}

/** A session whose every statement takes a connection of the pool, and is a transaction of its own. */
export function poolSession(pool: sql.ConnectionPool, counters: SessionCounters): MssqlSession {
  const inTransaction = async <Result>(work: (session: MssqlSession) => Promise<Result>): Promise<Result> => {
    const transaction = new sql.Transaction(pool);
    await begin(transaction);
    let result: Result;
    try {
      result = await work(inside(transaction));
    } catch (error) {
      await rollBack(transaction);
      throw error;
    }
    await commit(transaction, counters);
    return result;
  };
  return session(() => new sql.Request(pool), true, inTransaction);
}

function inside(transaction: sql.Transaction): MssqlSession {
  return session(
    () => new sql.Request(transaction),
    false,
    (joined) => joined(inside(transaction)),
  );
}

function session(
  newRequest: () => sql.Request,
  alone: boolean,
  transaction: MssqlSession["transaction"],
): MssqlSession {
  const send = async (text: string, values: SqlValues, procedure: boolean): Promise<StatementResult> => {
    noteStatement({ text, procedure, parameters: Object.keys(values) });
    const request = newRequest();
    request.arrayRowMode = true;
    for (const [name, value] of Object.entries(values)) {
      addInput(request, name, value);
    }
    try {
      const result = procedure ? await request.execute(text) : await request.query(text);
      return {
        recordsets: (result.recordsets as unknown as Recordset[]).map(toRows),
        rowsAffected: result.rowsAffected,
        returnValue: procedure ? Number((result as sql.IProcedureResult<unknown>).returnValue ?? 0) : 0,
      };
    } catch (error) {
      // Within a transaction nothing has been done before its commit.
      throw toSqlError(error, alone);
    }
  };
  const query = (text: string, values: SqlValues = {}) => send(text, values, false);
  const all = async <Row>(text: string, values: SqlValues = {}) =>
    ((await query(text, values)).recordsets[0] ?? []) as Row[];
  return {
    query,
    all,
    first: async <Row>(text: string, values?: SqlValues) => (await all<Row>(text, values))[0],
    run: async (text, values) => (await query(text, values)).rowsAffected.reduce((sum, rows) => sum + rows, 0),
    execute: (procedure, values = {}) => send(procedure, values, true),
    transaction,
  };
}

async function begin(transaction: sql.Transaction): Promise<void> {
  try {
    await transaction.begin(sql.ISOLATION_LEVEL.READ_COMMITTED);
  } catch (error) {
    throw toSqlError(error, false);
  }
}

async function rollBack(transaction: sql.Transaction): Promise<void> {
  try {
    await transaction.rollback();
  } catch {
    // The server rolled it back already (a deadlock's victim), or the connection is gone, which does the same.
  }
}

async function commit(transaction: sql.Transaction, counters: SessionCounters): Promise<void> {
  const started = performance.now();
  try {
    await transaction.commit();
  } catch (error) {
    throw toSqlError(error, true);
  }
  counters.commits += 1;
  counters.commitTime += performance.now() - started;
}

/** Not the lengths the values have: each length of a text would be another text of the statement, and another plan. */
const longText = 4000;
const longBytes = 8000;

function addInput(request: sql.Request, name: string, value: SqlValue): void {
  if (typeof value === "object" && "tableType" in value) {
    request.input(name, toTable(value));
    return;
  }
  const typed = typeof value === "object" && "type" in value ? value : typeOf(value);
  request.input(name, parameterType(typed), toDriver(typed.value));
}

function typeOf(value: string | number | boolean | Uint8Array): TypedValue {
  switch (typeof value) {
    case "string":
      return { type: "nvarchar", value };
    case "number":
      return { type: "bigint", value };
    case "boolean":
      return { type: "bit", value };
    default:
      return { type: "varbinary", value };
  }
}

function parameterType({ type, value }: TypedValue): sql.ISqlType {
  if (type === "nvarchar") {
    return sql.NVarChar(typeof value === "string" && value.length > longText ? sql.MAX : longText);
  }
  if (type === "varbinary") {
    return sql.VarBinary(value instanceof Uint8Array && value.length > longBytes ? sql.MAX : longBytes);
  }
  return plainTypes[type];
}

const plainTypes: Record<Exclude<SqlType, "nvarchar" | "varbinary">, sql.ISqlType> = {
  // The driver's own constructor takes no length.
  "binary(16)": { type: sql.Binary, length: 16 } as unknown as sql.ISqlType,
  int: sql.Int(),
  bigint: sql.BigInt(),
  bit: sql.Bit(),
  "datetime2(3)": sql.DateTime2(3),
};

function toTable({ tableType, columns, rows }: TableValue): sql.Table {
  const table = new sql.Table(tableType);
  for (const { name, type } of columns) {
    const columnType =
      type === "nvarchar" ? sql.NVarChar(sql.MAX) : type === "varbinary" ? sql.VarBinary(sql.MAX) : null;
    table.columns.add(name, columnType ?? plainTypes[type as keyof typeof plainTypes], { nullable: true });
  }
  for (const row of rows) {
    table.rows.add(...row.map(toDriver));
  }
  return table;
}

function toDriver(value: TypedValue["value"]): string | number | boolean | Date | Buffer | null {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** Rows as arrays, with what is known of their columns. */
type Recordset = unknown[][] & { columns: readonly { name: string; type: unknown }[] };

function toRows(recordset: Recordset): Record<string, unknown>[] {
  const columns = recordset.columns.map(({ name, type }) => ({ name: name.toLowerCase(), whole: type === sql.BigInt }));
  return recordset.map((values) => {
    const row: Record<string, unknown> = {};
    for (const [index, { name, whole }] of columns.entries()) {
      row[name] = fromDriver(values[index], whole);
    }
    return row;
  });
}

function fromDriver(value: unknown, whole: boolean): unknown {
  if (value instanceof Date) {
    return value.getTime();
  }
  // The driver gives 64 bit numbers as text.
  return whole && typeof value === "string" ? Number(value) : value;
}
