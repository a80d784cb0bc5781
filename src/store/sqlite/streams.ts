import type { StreamReads, StreamWrites } from "../operations/streams.ts";
import type { SqliteSession } from "./session.ts";
import { appendRecords } from "./streams-append.ts";
import { readRecords } from "./streams-read.ts";

export function streamReads(session: SqliteSession): StreamReads {
  return { records: (of) => readRecords(session, of) };
}

export function streamWrites(session: SqliteSession): StreamWrites {
  return { appendRecords: (of) => appendRecords(session, of) };
}
