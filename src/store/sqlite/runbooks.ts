import type { RunbookReads, RunbookWrites } from "../operations/runbooks.ts";
import type { SqliteSession } from "./session.ts";

export function runbookReads(_session: SqliteSession): RunbookReads {
  return {} as RunbookReads;
}

export function runbookWrites(_session: SqliteSession): RunbookWrites {
  return {} as RunbookWrites;
}
