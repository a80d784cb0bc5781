import type { WorkerReads, WorkerWrites } from "../operations/workers.ts";
import type { SqliteSession } from "./session.ts";

export function workerReads(_session: SqliteSession): WorkerReads {
  return {};
}

export function workerWrites(_session: SqliteSession): WorkerWrites {
  return {};
}
