import type { FinalEnd } from "../../contract/link/records-frames.ts";
import type { AssignedAttempt, JobEffects } from "../operations/jobs.ts";
import { effectsOf, noEffects, releasedAtOnce } from "./jobs-effects.ts";
import type { MssqlSession } from "./session.ts";
import type { TableValue } from "./sql-values.ts";
import { int, TableType } from "./sql-values.ts";

/** How an attempt is to end: as its worker tells it, or as the service has to take it. */
export type EndingAttempt = AssignedAttempt &
  (
    | { end: FinalEnd }
    /** Its worker is gone. */
    | { lost: string }
    /** It never started on its worker, and counts as nothing. */
    | { declined: string }
    /** It should be over and is not. */
    | { givenUp: true }
  );

const attemptEnds = new TableType("runsmith.AttemptEnds", {
  job_id: "binary(16)",
  attempt: "int",
  worker_id: "binary(16)",
  outcome: "nvarchar",
  cause: "nvarchar",
  ended_at: "datetime2(3)",
  reason: "nvarchar",
  message: "nvarchar",
  exception: "nvarchar",
  result: "nvarchar",
  exit_code: "int",
});

/** Ends attempts, and decides what that means for their jobs. Nothing happens with those that are over. */
export async function completeJobs(session: MssqlSession, attempts: readonly EndingAttempt[]): Promise<JobEffects> {
  if (attempts.length === 0) {
    return noEffects();
  }
  const result = await session.execute("runsmith.CompleteJobs", {
    ends: toAttemptEnds(attempts),
    release_limit: int(releasedAtOnce),
  });
  return effectsOf(result);
}

/** Each attempt once, as the procedures take them. */
export function toAttemptEnds(attempts: readonly EndingAttempt[]): TableValue {
  const byAttempt = new Map(attempts.map((attempt) => [`${attempt.jobId} ${attempt.attempt}`, attempt]));
  return attemptEnds.of([...byAttempt.values()].map(toRow));
}

function toRow(attempt: EndingAttempt) {
  const row = {
    job_id: attempt.jobId,
    attempt: attempt.attempt,
    worker_id: attempt.workerId,
    cause: null,
    ended_at: null,
    reason: null,
    message: null,
    exception: null,
    result: null,
    exit_code: null,
  };
  if ("end" in attempt) {
    const { end } = attempt;
    return {
      ...row,
      outcome: end.outcome,
      cause: end.reason,
      ended_at: end.endedAt,
      message: end.exception?.message ?? null,
      exception: end.exception === undefined ? null : JSON.stringify(end.exception),
      result: end.result === undefined ? null : JSON.stringify(end.result),
      exit_code: end.exitCode ?? null,
    };
  }
  if ("lost" in attempt) {
    return { ...row, outcome: "Lost", reason: attempt.lost };
  }
  return "declined" in attempt
    ? { ...row, outcome: "Declined", reason: attempt.declined }
    : { ...row, outcome: "GivenUp" };
}
