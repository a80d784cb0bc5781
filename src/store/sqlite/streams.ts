import type { StreamReads, StreamWrites } from "../operations/streams.ts";
import type { SqliteSession } from "./session.ts";

export function streamReads(_session: SqliteSession): StreamReads {
  return {};
}

export function streamWrites(_session: SqliteSession): StreamWrites {
  return {};
}
