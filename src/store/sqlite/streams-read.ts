import type { JobStreamRecord, StreamName } from "../../contract/stream.ts";
import { streamNames } from "../../contract/stream.ts";
import { idToBytes } from "../id-bytes.ts";
import type { RecordPosition } from "../operations/streams.ts";
import { recordFlags } from "../operations/streams.ts";
import type { SqliteSession } from "./session.ts";

interface RecordRow {
  attempt: number;
  number: number;
  stream: number;
  time: number;
  text: string;
  value: string | null;
  flags: number;
}

/** Rows of the first step; while they are small, each step is four times the one before. */
const firstStep = 16;
const largestStep = 1024;

/** See `StreamReads.records`. */
export function readRecords(
  session: SqliteSession,
  of: { jobId: string; stream?: StreamName; after?: RecordPosition; since?: number; limit: number; bytes: number },
): { records: JobStreamRecord[]; more: boolean } {
  const jobId = idToBytes(of.jobId);
  const records: JobStreamRecord[] = [];
  let position = of.after ?? { attempt: 0, number: 0 };
  let bytes = 0;
  for (let step = firstStep; ; step = Math.min(step * 4, largestStep)) {
    const wanted = Math.min(step, of.limit - records.length);
    const rows = readRows(session, jobId, position, of, wanted);
    for (const row of rows) {
      records.push(toRecord(row));
      bytes += row.text.length + (row.value?.length ?? 0);
      if (bytes >= of.bytes) {
        return { records, more: true };
      }
    }
    const last = records.at(-1);
    if (last === undefined || rows.length < wanted) {
      return { records, more: false };
    }
    if (records.length >= of.limit) {
      return { records, more: true };
    }
    position = last;
  }
}

function readRows(
  session: SqliteSession,
  jobId: Uint8Array,
  { attempt, number }: RecordPosition,
  { stream, since }: { stream?: StreamName; since?: number },
  limit: number,
): RecordRow[] {
  const columns = "SELECT attempt, number, stream, time, text, value, flags FROM stream_records";
  const from = since ?? Number.MIN_SAFE_INTEGER;
  if (stream === undefined) {
    return session.all(
      `${columns} WHERE job_id = ? AND (attempt, number) > (?, ?) AND time >= ? ORDER BY attempt, number LIMIT +?`,
      jobId,
      attempt,
      number,
      from,
      limit,
    );
  }
  if (stream === "Output") {
    // Most records are Output, so it has no index of its own.
    return session.all(
      `${columns} WHERE job_id = ? AND (attempt, number) > (?, ?) AND +stream = 0 AND time >= ?
       ORDER BY attempt, number LIMIT +?`,
      jobId,
      attempt,
      number,
      from,
      limit,
    );
  }
  return session.all(
    `${columns} INDEXED BY stream_records_by_stream
     WHERE job_id = ? AND stream = ? AND stream <> 0 AND (attempt, number) > (?, ?) AND time >= ?
     ORDER BY attempt, number LIMIT +?`,
    jobId,
    streamNames.indexOf(stream),
    attempt,
    number,
    from,
    limit,
  );
}

function toRecord(row: RecordRow): JobStreamRecord {
  return {
    id: `${row.attempt}.${row.number}`,
    attempt: row.attempt,
    number: row.number,
    stream: streamNames[row.stream] ?? "Output",
    time: new Date(row.time).toISOString(),
    text: row.text,
    ...(row.value === null ? {} : { value: JSON.parse(row.value) as unknown }),
    ...((row.flags & recordFlags.cut) === 0 ? {} : { cut: true }),
    ...((row.flags & recordFlags.continued) === 0 ? {} : { continued: true }),
  };
}
