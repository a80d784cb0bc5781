import type { JobStreamRecord, StreamName } from "../../contract/stream.ts";
import { streamNames } from "../../contract/stream.ts";
import type { RecordPosition } from "../operations/streams.ts";
import { recordFlags } from "../operations/streams.ts";
import type { MssqlSession } from "./session.ts";
import { id, int, time } from "./sql-values.ts";

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
const firstStep = 64;
const largestStep = 1024;

/** See `StreamReads.records`. */
export async function readRecords(
  session: MssqlSession,
  of: { jobId: string; stream?: StreamName; after?: RecordPosition; since?: number; limit: number; bytes: number },
): Promise<{ records: JobStreamRecord[]; more: boolean }> {
  const records: JobStreamRecord[] = [];
  let position = of.after ?? { attempt: 0, number: 0 };
  let bytes = 0;
  for (let step = firstStep; ; step = Math.min(step * 4, largestStep)) {
    const wanted = Math.min(step, of.limit - records.length);
    const rows = await readRows(session, of, position, wanted);
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

/** Before all times; datetime2 knows none before the year 1. */
const sinceEver = Date.UTC(1970, 0);

function readRows(
  session: MssqlSession,
  { jobId, stream, since }: { jobId: string; stream?: StreamName; since?: number },
  { attempt, number }: RecordPosition,
  limit: number,
): Promise<RecordRow[]> {
  const values = {
    job_id: id(jobId),
    attempt: int(attempt),
    number: int(number),
    since: time(since ?? sinceEver),
    limit: int(limit),
  };
  const columns = "SELECT TOP (@limit) attempt, number, stream, time, text, value, flags FROM runsmith.stream_records";
  const where =
    "WHERE job_id = @job_id AND (attempt > @attempt OR (attempt = @attempt AND number > @number)) AND time >= @since";
  if (stream === undefined) {
    return session.all(`${columns} ${where} ORDER BY attempt, number`, values);
  }
  if (stream === "Output") {
    // Most records are Output, so it has no index of its own.
    return session.all(`${columns} ${where} AND stream = 0 ORDER BY attempt, number`, values);
  }
  return session.all(`${columns} ${where} AND stream = @stream AND stream <> 0 ORDER BY attempt, number`, {
    ...values,
    stream: int(streamNames.indexOf(stream)),
  });
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
