import type { StatementResult } from "./session.ts";

/** The rows of one kind, of all that a procedure gave. */
export function rowsOf<Row>(result: StatementResult, kind: string): Row[] {
  return result.recordsets.flat().filter((row) => row["kind"] === kind) as Row[];
}
