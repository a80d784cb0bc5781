/*
 * A database as tables with rows, whichever it is: what moving an installation needs of it, and nothing else does.
 * Values are the same on both sides: times and flags are whole numbers, ids and other bytes Uint8Arrays, JSON and other text strings.
 */

export type Value = null | number | string | Uint8Array;

/** A row, its values in the order of the table's columns. */
export type Row = Value[];

export interface Table {
  name: string;
  /** In alphabetical order, so that rows of both sides look the same. */
  columns: readonly string[];
  /** The columns of the primary key, in its order. */
  key: readonly string[];
  /**
   * Whether both databases bring the key into the same order. Texts are ordered by collations, which differ; bytes and numbers
   * are not.
   */
  sameOrder: boolean;
  /** Tables that rows of this one refer to. */
  parents: readonly string[];
}

/** An open database with Runsmith's schema in it. */
export interface DatabaseTables {
  kind: "sqlite" | "sql-server";
  /** For people; never with a password. */
  shown: string;
  /** Every table that is to be moved: not the migrations, nor what only one kind of database has. */
  tables(): Promise<Table[]>;
  count(table: Table): Promise<number>;
  /** Rows in the order of the key, from behind that key on. */
  read(table: Table, after: readonly Value[] | null, limit: number): Promise<Row[]>;
  /** The largest key; null when the table is empty. */
  lastKey(table: Table): Promise<Value[] | null>;
  /** Adds rows, all of them or none. */
  insert(table: Table, rows: readonly Row[]): Promise<void>;
  clear(table: Table): Promise<void>;
  /** The installation that a half-finished move into this database is of; null when there is none. */
  unfinishedMove(): Promise<string | null>;
  /** Marks that a move has begun, which keeps services from using the database, … */
  beginMove(installationId: string): Promise<void>;
  /** … or that it has ended. */
  endMove(): Promise<void>;
  /** Why the database must be left alone now, in words; null when nobody uses it. */
  inUse(): Promise<string | null>;
  close(): Promise<void>;
}

/** Names of tables and columns come from the database's own catalogue, and are like this. */
export function checkedName(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`A table or column is called ${name}.`);
  return name;
}

/** The values of a row's key. */
export function keyOf(table: Table, row: Row): Value[] {
  return table.key.map((column) => row[table.columns.indexOf(column)] ?? null);
}
