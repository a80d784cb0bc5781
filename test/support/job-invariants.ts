import { endedStatuses } from "../../src/contract/job-status.ts";
import type { AttemptRow, JobHistory, JobRow, RecordRow } from "./job-history.ts";
import { sqliteHistory } from "./job-history.ts";

/** What must hold of every history of jobs, whatever happened to server, workers and hosts meanwhile. */
export const invariants = [
  "every accepted job is kept, once",
  "every job has ended",
  "a job that failed says why",
  "attempts are numbered without a gap, and each has ended",
  "no attempt begins before the one before has ended",
  "no more attempts are lost than allowed",
  "records are numbered without gap or double in each attempt",
  "the counts of records agree with the records",
  "the lines of an attempt are whole, once, and in order",
  "a completed job has every line",
  "no ended job holds a place or a worker",
  "the database is sound",
] as const;

export type Invariant = (typeof invariants)[number];

/** What breaks each invariant, in words; nothing where it holds. */
export type Violations = Record<Invariant, string[]>;

/**
 * Examines every job of an embedded database after its server has ended.
 * @param accepted Ids of the jobs that clients know to be accepted; null where nobody kept count.
 */
export function examineHistory(dataDirectory: string, accepted: readonly string[] | null): Violations {
  using history = sqliteHistory(dataDirectory);
  return examineJobs(history, accepted);
}

/** The same of a history from wherever it is. */
export function examineJobs(history: JobHistory, accepted: readonly string[] | null): Violations {
  const violations = Object.fromEntries(invariants.map((name) => [name, [] as string[]])) as Violations;
  examineAcceptance(history.jobs, accepted, violations);
  for (const job of history.jobs) {
    const attempts = history.attemptsOf(job.id);
    examineEnd(job, violations);
    examineAttempts(job, attempts, violations);
    examineRecords(job, attempts, history.recordsOf(job.id), violations);
  }
  violations["no ended job holds a place or a worker"].push(...history.held);
  violations["the database is sound"].push(...history.faults);
  return violations;
}

/** The broken invariants alone, for `assert.deepEqual(broken(violations), {})`. */
export function broken(violations: Violations): Partial<Violations> {
  return Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0));
}

function examineAcceptance(jobs: readonly JobRow[], accepted: readonly string[] | null, violations: Violations): void {
  if (accepted === null) return;
  const kept = new Set(jobs.map(({ id }) => id));
  const known = new Set(accepted.map((id) => id.replaceAll("-", "")));
  for (const id of known) {
    if (!kept.has(id)) violations["every accepted job is kept, once"].push(`${id} is lost`);
  }
  for (const id of kept) {
    if (!known.has(id)) violations["every accepted job is kept, once"].push(`${id} was accepted twice, or for nobody`);
  }
}

function examineEnd(job: JobRow, violations: Violations): void {
  if (!(endedStatuses as readonly string[]).includes(job.status) || job.ended_at === null) {
    violations["every job has ended"].push(`${job.id} is ${job.status}`);
  }
  if (job.status === "Failed" && !job.status_reason && !job.exception) {
    violations["a job that failed says why"].push(job.id);
  }
}

function examineAttempts(job: JobRow, attempts: readonly AttemptRow[], violations: Violations): void {
  const numbered = violations["attempts are numbered without a gap, and each has ended"];
  if (attempts.length !== job.attempt) numbered.push(`${job.id} is at ${job.attempt} and has ${attempts.length}`);
  for (const [index, attempt] of attempts.entries()) {
    if (attempt.attempt !== index + 1) numbered.push(`${job.id}: ${attempt.attempt} stands at ${index + 1}`);
    if (attempt.ended_at === null || attempt.outcome === null) numbered.push(`${job.id}/${attempt.attempt} is open`);
    const before = attempts[index - 1];
    if (before !== undefined && (before.ended_at ?? 0) > attempt.claimed_at) {
      violations["no attempt begins before the one before has ended"].push(`${job.id}/${attempt.attempt}`);
    }
  }
  if (job.lost_attempts > job.max_attempts) {
    const told = `${job.id} lost ${job.lost_attempts} of ${job.max_attempts}`;
    violations["no more attempts are lost than allowed"].push(told);
  }
}

function examineRecords(
  job: JobRow,
  attempts: readonly AttemptRow[],
  records: readonly RecordRow[],
  violations: Violations,
): void {
  if (records.length !== job.record_count) {
    const told = `${job.id} counts ${job.record_count} and has ${records.length}`;
    violations["the counts of records agree with the records"].push(told);
  }
  for (const { attempt, last_number } of attempts) {
    const name = `${job.id}/${attempt}`;
    const own = records.filter((record) => record.attempt === attempt);
    if (own.length !== last_number) {
      violations["the counts of records agree with the records"].push(`${name}: ${own.length} of ${last_number}`);
    }
    const astray = own.find((record, index) => record.number !== index + 1);
    if (astray !== undefined) {
      violations["records are numbered without gap or double in each attempt"].push(`${name}: ${astray.number}`);
    }
    // Scripts that count say "line 3 of 500".
    const lines = own.flatMap(({ stream, text }) => {
      const [, line, of] = (stream === 0 ? /^line (\d+) of (\d+)$/.exec(text) : null) ?? [];
      return line === undefined ? [] : [{ line: Number(line), of: Number(of) }];
    });
    const wrong = lines.findIndex(({ line }, index) => line !== index + 1);
    if (wrong !== -1) {
      const told = `${name}: line ${lines[wrong]?.line} stands at ${wrong + 1}`;
      violations["the lines of an attempt are whole, once, and in order"].push(told);
    }
    const last = lines.at(-1);
    if (job.status === "Completed" && attempt === job.attempt && last !== undefined && last.line !== last.of) {
      violations["a completed job has every line"].push(`${name}: ${last.line} of ${last.of}`);
    }
  }
}
