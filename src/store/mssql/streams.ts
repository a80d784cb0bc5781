import type { StreamReads, StreamWrites } from "../operations/streams.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { appendRecords } from "./streams-append.ts";
import { readRecords } from "./streams-read.ts";

export function streamReads(session: MssqlSession): Asynchronous<StreamReads> {
  return { records: (of) => readRecords(session, of) };
}

/** Numbers tell what is stored already, so that asking again changes nothing. */
export const streamWriteRules: WriteRules<StreamWrites> = { appendRecords: "single" };

export function streamWrites(session: MssqlSession): Asynchronous<StreamWrites> {
  return { appendRecords: (of) => appendRecords(session, of) };
}
