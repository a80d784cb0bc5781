import type { SqlValues } from "./sql-values.ts";

/** The only workspace for now: the zero UUID. */
export const defaultWorkspace = "00000000-0000-0000-0000-000000000000";

/** What a procedure, or a text of several statements, gave. */
export interface StatementResult {
  /** The rows of every statement that gave rows, in their order. */
  recordsets: Record<string, unknown>[][];
  /** Rows changed, by statement; statements under `SET NOCOUNT ON` are not among them. */
  rowsAffected: number[];
  /** What a procedure returned; 0 for a text. */
  returnValue: number;
}

/**
 * SQL Server as the operations use it: a connection of the pool for each statement, or, inside `transaction`, one for all.
 * A `text` is always a constant with `@name` for every value (tables are named with their schema, `runsmith.jobs`).
 *
 * Names of columns in results are in lower case. `bigint` and the other numbers come back as numbers (nothing here exceeds
 * 2^53), `bit` as boolean, `datetime2` as milliseconds since the epoch, `binary` as Uint8Array (`bytesToId` for ids).
 * The time is the database's: `CAST(SYSUTCDATETIME() AS datetime2(3))`, for a conversion on storing would round up.
 *
 * Errors: `SqlError` (sql-errors.ts) with SQL Server's number for what the server refused; `ConnectionLost` when the connection
 * broke. Operations let both through: `run-operation.ts` knows when to repeat.
 */
export interface MssqlSession {
  /** The first row, or undefined. */
  first<Row>(text: string, values?: SqlValues): Promise<Row | undefined>;
  /** All rows of the (only) statement that gives rows. */
  all<Row>(text: string, values?: SqlValues): Promise<Row[]>;
  /** How many rows the statements changed. */
  run(text: string, values?: SqlValues): Promise<number>;
  /** Everything that a text of several statements gives, in one round trip. */
  query(text: string, values?: SqlValues): Promise<StatementResult>;
  /** Calls a stored procedure, such as `runsmith.ClaimJobs`. */
  execute(procedure: string, values?: SqlValues): Promise<StatementResult>;
  /**
   * Does `work` in one transaction (READ COMMITTED) and commits; rolls back when it throws. Within a transaction already, the
   * work joins it. A deadlock's victim starts again from the outside (see `WriteRule`), so `work` must not keep state of its own.
   */
  transaction<Result>(work: (session: MssqlSession) => Promise<Result>): Promise<Result>;
}

/**
 * How a write operation is carried out, and what happens when the connection broke while it was committed, so that nobody
 * knows whether it was. What was certainly not done (deadlock, no connection, lost before the commit) is done again with all rules.
 *
 * - `kept`: in a transaction, which also keeps the result under a key of its own; asked again under that key it is not done twice.
 *   For anything that is not asked a thousand times a second.
 * - `repeatable`: in a transaction; done again, for doing it twice is the same as doing it once, its answer included.
 * - `single`: the same without a transaction around it: the operation is one procedure or statement, or has its own transaction.
 */
export type WriteRule = "kept" | "repeatable" | "single";

/** One rule for each operation of a group. */
export type WriteRules<Operations> = { readonly [Name in keyof Operations]: WriteRule };
