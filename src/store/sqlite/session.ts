import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { newId } from "../new-id.ts";

/** What a parameter of a statement may be. Booleans travel as 0 and 1, times as milliseconds, ids as 16 bytes, JSON as text. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** The only workspace for now: the zero UUID. */
export const defaultWorkspace: Uint8Array = new Uint8Array(16);

/**
 * One connection as the operations use it: synchronous, inside the transaction that the caller of the operation has begun.
 * `sql` is always a constant text with `?` for every value; a text is prepared once and kept. Statements that run often say `LIMIT +?`:
 * SQLite plans some of those with `LIMIT ?` by the limit's value, which is to prepare them again for each run.
 * Numbers come back as numbers (nothing here exceeds 2^53), BLOBs as Uint8Array.
 */
export interface SqliteSession {
  /** The first row, or undefined. */
  first<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  /** All rows. */
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** Runs a statement that gives no rows, and says how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number;
  /** Milliseconds since the epoch by the database's clock; it is in this process, so it is this machine's. */
  now(): number;
  /** A new UUIDv7, canonical text; one made later in this session sorts later. */
  newId(): string;
}

/** Makes a session of a connection; `close` lets go of its statements. */
export class SqliteConnectionSession implements SqliteSession {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  first<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...(values as SQLInputValue[])) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...(values as SQLInputValue[])) as Row[];
  }

  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...(values as SQLInputValue[])).changes);
  }

  now(): number {
    return Date.now();
  }

  newId(): string {
    return newId();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
