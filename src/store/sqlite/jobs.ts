import type { JobReads, JobWrites } from "../operations/jobs.ts";
import type { SqliteSession } from "./session.ts";

export function jobReads(_session: SqliteSession): JobReads {
  return {};
}

export function jobWrites(_session: SqliteSession): JobWrites {
  return {};
}
