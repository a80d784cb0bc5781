import type { JobEffects } from "../operations/jobs.ts";
import type {
  AppendedBatch,
  AttemptProgress,
  RecordBatch,
  RecordColumns,
  StreamWrites,
} from "../operations/streams.ts";
import type { EndingAttempt } from "./attempt-ends.ts";
import { toAttemptEnds } from "./attempt-ends.ts";
import { addEffects, effectsOf, noEffects, releasedAtOnce } from "./jobs-effects.ts";
import type { MssqlSession } from "./session.ts";
import { int, TableType } from "./sql-values.ts";

const attemptProgress = new TableType("runsmith.AttemptProgress", {
  job_id: "binary(16)",
  attempt: "int",
  worker_id: "binary(16)",
  host_ready_at: "datetime2(3)",
  running_at: "datetime2(3)",
});

const attemptBatches = new TableType("runsmith.AttemptBatches", {
  position: "int",
  job_id: "binary(16)",
  attempt: "int",
  worker_id: "binary(16)",
  first_number: "int",
  last_number: "int",
  ends: "bit",
});

const streamRecords = new TableType("runsmith.StreamRecords", {
  position: "int",
  number: "int",
  stream: "int",
  time: "datetime2(3)",
  text: "nvarchar",
  value: "nvarchar",
  flags: "int",
});

/** Asks again this often when somebody else writes to the same attempts at the same time. */
const mostRounds = 10;

interface BatchRow {
  effect: "batch";
  position: number;
  number: number;
  outcome: AppendedBatch["outcome"] | "again";
  ended: number;
}

/** See `StreamWrites.appendRecords`. All that was gathered is one call, however many attempts it is of. */
export async function appendRecords(
  session: MssqlSession,
  { progress, batches }: Parameters<StreamWrites["appendRecords"]>[0],
): Promise<ReturnType<StreamWrites["appendRecords"]>> {
  const effects = noEffects();
  const answers: AppendedBatch[] = [];
  // A call takes an attempt once; a second batch of one waits for the first.
  let rounds = 0;
  let steps = progress;
  let left = batches.map((batch, position) => ({ batch, position }));
  while (steps.length > 0 || left.length > 0) {
    rounds += 1;
    if (rounds > mostRounds + batches.length) {
      throw new Error("Others wrote to the same attempts all the time.");
    }
    const now = firstOfEach(left, ({ batch }) => `${batch.jobId} ${batch.attempt}`);
    const stepsNow = firstOfEach(steps, (step) => `${step.jobId} ${step.attempt}`);
    const result = await appendOnce(session, stepsNow, now, effects);
    steps = steps.filter((step) => !stepsNow.includes(step));
    const done = new Set<number>();
    for (const { position, number, outcome, ended } of result) {
      const batch = batches[position];
      if (batch !== undefined && outcome !== "again") {
        const { jobId, attempt } = batch;
        answers[position] = {
          jobId,
          attempt,
          outcome,
          number: outcome === "refused" && number === 0 ? 0 : number,
          ended: ended === 1,
        };
        done.add(position);
      }
    }
    left = left.filter(({ position }) => !done.has(position));
  }
  return { batches: answers, effects };
}

async function appendOnce(
  session: MssqlSession,
  progress: readonly AttemptProgress[],
  batches: readonly { batch: RecordBatch; position: number }[],
  effects: JobEffects,
): Promise<BatchRow[]> {
  const parts = batches.map(({ batch, position }) => ({ batch, position, rows: withoutRepetitions(batch.records) }));
  const ends = parts.flatMap(({ batch, rows }): EndingAttempt[] =>
    batch.ended === null || rows.isCut
      ? []
      : [{ jobId: batch.jobId, attempt: batch.attempt, workerId: batch.workerId, end: batch.ended }],
  );
  const result = await session.execute("runsmith.AppendStreamRecords", {
    progress: attemptProgress.of(
      progress.map((step) => ({
        job_id: step.jobId,
        attempt: step.attempt,
        worker_id: step.workerId,
        host_ready_at: step.hostReadyAt,
        running_at: step.runningAt,
      })),
    ),
    batches: attemptBatches.of(
      parts.map(({ batch, position, rows }) => ({
        position,
        job_id: batch.jobId,
        attempt: batch.attempt,
        worker_id: batch.workerId,
        first_number: rows.first,
        last_number: rows.last,
        ends: batch.ended !== null && !rows.isCut,
      })),
    ),
    records: streamRecords.of(
      parts.flatMap(({ batch: { records }, position, rows }) =>
        rows.indexes.map((index) => ({
          position,
          number: records.numbers[index] ?? 0,
          stream: records.streams[index] ?? 0,
          time: records.times[index] ?? 0,
          text: records.texts[index] ?? "",
          value: records.values?.[index] ?? null,
          flags: records.flags[index] ?? 0,
        })),
      ),
    ),
    ends: toAttemptEnds(ends),
    release_limit: int(releasedAtOnce),
  });
  addEffects(effects, effectsOf(result));
  const cut = new Set(parts.filter(({ rows }) => rows.isCut).map(({ position }) => position));
  const answered = (result.recordsets.flat() as unknown as BatchRow[]).filter(({ effect }) => effect === "batch");
  for (const row of answered) {
    if (cut.has(row.position) && row.outcome === "stored") {
      row.outcome = "gap";
    }
    const batch = parts.find(({ position }) => position === row.position)?.batch;
    if (row.outcome === "stored" && (batch?.records.numbers.length ?? 0) > 0 && batch !== undefined) {
      noteStored(effects, batch);
    }
  }
  return answered;
}

function noteStored(effects: JobEffects, { jobId }: RecordBatch): void {
  if (!effects.changedJobs.includes(jobId)) {
    effects.changedJobs.push(jobId);
  }
}

/** The records of a batch by their first appearance, up to the first number that is missing in it. */
function withoutRepetitions({ numbers }: RecordColumns): {
  indexes: number[];
  first: number | null;
  last: number | null;
  isCut: boolean;
} {
  const indexes: number[] = [];
  let last: number | null = null;
  for (const [index, number] of numbers.entries()) {
    if (last !== null && number <= last) {
      continue;
    }
    if (last !== null && number !== last + 1) {
      return { indexes, first: numbers[0] ?? null, last, isCut: true };
    }
    indexes.push(index);
    last = number;
  }
  return { indexes, first: numbers[0] ?? null, last, isCut: false };
}

function firstOfEach<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const name = key(item);
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}
