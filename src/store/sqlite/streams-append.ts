import type { JobStatus } from "../../contract/job-status.ts";
import { streamNames } from "../../contract/stream.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { JobEffects } from "../operations/jobs.ts";
import type {
  AppendedBatch,
  AttemptProgress,
  RecordBatch,
  RecordColumns,
  StreamWrites,
} from "../operations/streams.ts";
import { noEffects, noteChange } from "./jobs-effects.ts";
import { settleEnd } from "./jobs-end.ts";
import { readJob } from "./jobs-read.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

const errorStream = streamNames.indexOf("Error");
const warningStream = streamNames.indexOf("Warning");

/** States of a job that a worker has. */
const heldStatuses: readonly JobStatus[] = ["Activating", "Running", "Stopping", "Suspending", "Resuming"];

/** See `StreamWrites.appendRecords`. */
export function appendRecords(
  session: SqliteSession,
  { progress, batches, awaited = [] }: Parameters<StreamWrites["appendRecords"]>[0],
): ReturnType<StreamWrites["appendRecords"]> {
  const effects = noEffects();
  for (const step of progress) {
    noteProgress(session, step, effects);
  }
  const answers = batches.map((batch) => appendBatch(session, batch, effects));
  // Its rows are at hand: to have them read by another thread costs more than the end itself.
  for (const end of effects.ended) {
    const job = awaited.includes(end.jobId) ? readJob(session, end) : null;
    if (job !== null) {
      end.job = job;
    }
  }
  return { batches: answers, effects };
}

function noteProgress(session: SqliteSession, step: AttemptProgress, effects: JobEffects): void {
  const jobId = idToBytes(step.jobId);
  // Its end may have overtaken this on the other socket: the times are still wanted, the status is not.
  const changed = session.run(
    `UPDATE jobs SET host_ready_at = COALESCE(host_ready_at, ?),
       status = CASE WHEN status = 'Activating' AND ? IS NOT NULL THEN 'Running' ELSE status END
     WHERE job_id = ? AND attempt = ? AND worker_id = ?`,
    step.hostReadyAt ?? step.runningAt,
    step.runningAt,
    jobId,
    step.attempt,
    idToBytes(step.workerId),
  );
  if (changed > 0) {
    noteChange(effects, jobId);
  }
}

function appendBatch(session: SqliteSession, batch: RecordBatch, effects: JobEffects): AppendedBatch {
  const jobId = idToBytes(batch.jobId);
  const { attempt } = batch;
  const answer = (outcome: AppendedBatch["outcome"], number: number, ended: boolean): AppendedBatch => ({
    jobId: batch.jobId,
    attempt,
    outcome,
    number,
    ended,
  });
  const held = session.first<{
    worker_id: Uint8Array;
    last_number: number;
    ended_at: number | null;
    outcome: string | null;
  }>(
    "SELECT worker_id, last_number, ended_at, outcome FROM job_attempts WHERE job_id = ? AND attempt = ?",
    jobId,
    attempt,
  );
  if (held === undefined || bytesToId(held.worker_id) !== batch.workerId) {
    return answer("refused", 0, false);
  }
  const { numbers } = batch.records;
  const lastSent = numbers.at(-1) ?? held.last_number;
  if (held.ended_at !== null) {
    // Over. If it ended with this very report, whose acknowledgement was lost on its way, that is what the worker needs to hear.
    const byWorker = held.outcome !== "Lost" && held.outcome !== "Declined";
    return byWorker && lastSent <= held.last_number
      ? answer("stored", held.last_number, true)
      : answer("refused", held.last_number, false);
  }
  const job = session.first<OpenJob>(`${selectOpenJob} WHERE job_id = ?`, jobId);
  if (job === undefined || job.attempt !== attempt || !heldStatuses.includes(job.status)) {
    return answer("refused", held.last_number, false);
  }

  const first = numbers.findIndex((number) => number > held.last_number);
  const isGap = first >= 0 && numbers[first] !== held.last_number + 1;
  if (isGap) {
    return answer("gap", held.last_number, false);
  }
  const number =
    first >= 0 ? insertRecords(session, jobId, attempt, batch.records, held.last_number) : held.last_number;
  if (first >= 0) {
    session.run("UPDATE job_attempts SET last_number = ? WHERE job_id = ? AND attempt = ?", number, jobId, attempt);
    countRecords(session, jobId, batch.records, held.last_number);
    noteChange(effects, jobId);
  }
  if (batch.ended !== null) {
    settleEnd(session, job, batch.ended, effects);
  }
  return answer("stored", number, batch.ended !== null);
}

/** Stores what is new of the records; gives the last number. */
function insertRecords(
  session: SqliteSession,
  jobId: Uint8Array,
  attempt: number,
  records: RecordColumns,
  lastNumber: number,
): number {
  let last = lastNumber;
  for (const [index, number] of records.numbers.entries()) {
    if (number <= last) {
      continue;
    }
    session.run(
      "INSERT INTO stream_records (job_id, attempt, number, stream, time, text, value, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      jobId,
      attempt,
      number,
      records.streams[index] ?? 0,
      records.times[index] ?? 0,
      records.texts[index] ?? "",
      records.values?.[index] ?? null,
      records.flags[index] ?? 0,
    );
    last = number;
  }
  return last;
}

function countRecords(session: SqliteSession, jobId: Uint8Array, records: RecordColumns, lastNumber: number): void {
  let [count, errors, warnings, firstTime] = [0, 0, 0, 0];
  let last = lastNumber;
  for (const [index, number] of records.numbers.entries()) {
    if (number <= last) {
      continue;
    }
    last = number;
    firstTime = count === 0 ? (records.times[index] ?? 0) : firstTime;
    count += 1;
    // A continued text is one record to whoever counts errors.
    const whole = ((records.flags[index] ?? 0) & 2) === 0;
    errors += whole && records.streams[index] === errorStream ? 1 : 0;
    warnings += whole && records.streams[index] === warningStream ? 1 : 0;
  }
  session.run(
    `UPDATE jobs SET record_count = record_count + ?, error_count = error_count + ?, warning_count = warning_count + ?,
       first_record_at = COALESCE(first_record_at, ?),
       status = CASE WHEN status = 'Activating' THEN 'Running' ELSE status END
     WHERE job_id = ?`,
    count,
    errors,
    warnings,
    firstTime,
    jobId,
  );
}
