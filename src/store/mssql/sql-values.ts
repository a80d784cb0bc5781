import { idToBytes } from "../id-bytes.ts";

/** The SQL types that parameters and columns of table-valued parameters have. */
export type SqlType = "binary(16)" | "varbinary" | "nvarchar" | "int" | "bigint" | "bit" | "datetime2(3)";

/** A value with its SQL type; what may be null has to be one, since a null has no type of its own. */
export interface TypedValue {
  readonly type: SqlType;
  readonly value: string | number | boolean | Uint8Array | Date | null;
}

/** Rows for a table-valued parameter; made by a `TableType`. */
export interface TableValue {
  readonly tableType: string;
  readonly columns: readonly { name: string; type: SqlType }[];
  readonly rows: readonly (readonly TypedValue["value"][])[];
}

/** What a parameter may be. Plain: text is nvarchar, a whole number bigint, a boolean bit, bytes varbinary. */
export type SqlValue = string | number | boolean | Uint8Array | TypedValue | TableValue;

/** Parameters by name, without `@`. */
export type SqlValues = Readonly<Record<string, SqlValue>>;

/** An id: canonical UUID text here, binary(16) there. */
export function id(value: string | null): TypedValue {
  return { type: "binary(16)", value: value === null ? null : idToBytes(value) };
}

/** An id that was read as bytes. */
export function idBytes(value: Uint8Array | null): TypedValue {
  return { type: "binary(16)", value };
}

/** A time: milliseconds since the epoch here, datetime2(3) in UTC there. */
export function time(value: number | null): TypedValue {
  return { type: "datetime2(3)", value: value === null ? null : new Date(value) };
}

/**
 * For a parameter `@now` that stands for the database's own time: where it is null, the statement takes SYSUTCDATETIME(). Tests
 * give it another time.
 */
export const databaseTime: TypedValue = time(null);

/** Text of any length. */
export function text(value: string | null): TypedValue {
  return { type: "nvarchar", value };
}

/** A value as JSON text; null is SQL's null. */
export function json(value: unknown): TypedValue {
  return { type: "nvarchar", value: value === null || value === undefined ? null : JSON.stringify(value) };
}

/** A whole number up to 2^31 - 1. */
export function int(value: number | null): TypedValue {
  return { type: "int", value };
}

/** A whole number up to 2^53. */
export function bigint(value: number | null): TypedValue {
  return { type: "bigint", value };
}

export function bit(value: boolean | null): TypedValue {
  return { type: "bit", value };
}

export function bytes(value: Uint8Array | null): TypedValue {
  return { type: "varbinary", value };
}

/**
 * A user-defined table type of `sql/mssql`: its name with its schema, and its columns in the order of its definition.
 * The rows given to `of` are by column; each value as the constructor of its type above would give it.
 */
export class TableType<Column extends string> {
  readonly #name: string;
  readonly #columns: readonly { name: Column; type: SqlType }[];

  constructor(name: string, columns: Readonly<Record<Column, SqlType>>) {
    this.#name = name;
    this.#columns = (Object.entries(columns) as [Column, SqlType][]).map(([column, type]) => ({ name: column, type }));
  }

  /** Rows for a parameter of this type. Ids are UUID texts or bytes, times milliseconds. */
  of(rows: readonly Readonly<Record<Column, string | number | boolean | Uint8Array | null>>[]): TableValue {
    return {
      tableType: this.#name,
      columns: this.#columns,
      rows: rows.map((row) => this.#columns.map(({ name, type }) => toColumn(type, row[name]))),
    };
  }
}

function toColumn(type: SqlType, value: string | number | boolean | Uint8Array | null): TypedValue["value"] {
  if (type === "binary(16)" && typeof value === "string") {
    return idToBytes(value);
  }
  return type === "datetime2(3)" && typeof value === "number" ? new Date(value) : value;
}
