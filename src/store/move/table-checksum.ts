import { hash } from "node:crypto";
import type { DatabaseTables, Row, Table } from "./database-tables.ts";
import { readAll } from "./read-all.ts";

/** What a table holds, for a comparison. */
export interface TableSum {
  rows: number;
  /** 64 hexadecimal digits. */
  checksum: string;
}

const modulus = 1n << 256n;

/**
 * Counts the rows of a table and adds up their SHA-256 modulo 2^256: the same rows in any order have the same sum, and a row that
 * is missing, doubled or different in one bit changes it.
 * @param progress is told how many rows were read.
 */
export async function sumOf(
  database: DatabaseTables,
  table: Table,
  progress: (rows: number) => void,
): Promise<TableSum> {
  let rows = 0;
  let sum = 0n;
  for await (const batch of readAll(database, table, null)) {
    for (const row of batch) sum += BigInt(`0x${hash("sha256", serialized(row))}`);
    sum %= modulus;
    rows += batch.length;
    progress(batch.length);
  }
  return { rows, checksum: sum.toString(16).padStart(64, "0") };
}

/** A row as bytes; two rows never look the same, as each value says what it is and how long. */
function serialized(row: Row): Buffer {
  return Buffer.concat(
    row.flatMap((value) => {
      if (value === null) return [Buffer.from("n;")];
      if (value instanceof Uint8Array) return [Buffer.from(`b${value.length};`), value];
      const text = Buffer.from(String(value));
      return [Buffer.from(`${typeof value === "number" ? "i" : "t"}${text.length};`), text];
    }),
  );
}
