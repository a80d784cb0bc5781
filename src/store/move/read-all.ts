import type { DatabaseTables, Row, Table, Value } from "./database-tables.ts";
import { keyOf } from "./database-tables.ts";

/** Bytes that a batch should have: rows are from fifty bytes to some megabytes large. */
const batchBytes = 2 * 1024 * 1024;
const firstBatch = 16;
const largestBatch = 4096;

/** All rows of a table behind a key, in batches of some megabytes. */
export async function* readAll(
  database: DatabaseTables,
  table: Table,
  after: readonly Value[] | null,
): AsyncGenerator<Row[], void> {
  let position = after;
  for (let limit = firstBatch; ; ) {
    const rows = await database.read(table, position, limit);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < limit) return;
    position = keyOf(table, last);
    const average = rows.reduce((sum, row) => sum + sizeOf(row), 0) / rows.length;
    limit = Math.max(1, Math.min(largestBatch, limit * 4, Math.floor(batchBytes / average)));
  }
}

function sizeOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + (value === null || typeof value === "number" ? 8 : value.length), 0);
}
