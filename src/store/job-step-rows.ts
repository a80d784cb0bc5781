import type { JournalAnswer } from "../contract/journal.ts";
import { bytesToId } from "./id-bytes.ts";
import type { StoredApproval, StoredJobStep } from "./operations/job-steps.ts";
import type { JobStepKind } from "./operations/new-job-step.ts";

/** A row of `job_steps`, as both databases read it. */
export interface JobStepRow {
  step_id: Uint8Array;
  job_id: Uint8Array;
  attempt: number;
  sequence: number;
  kind: JobStepKind;
  name: string;
  branch: string;
  started_at: number;
  ended_at: number | null;
  until_at: number | null;
  event: string | null;
  message: string | null;
  addressed_to: string | null;
  result: string | null;
  answer: string | null;
  answer_id: Uint8Array | null;
  sealed: Uint8Array | null;
}

export function toJobStep(row: JobStepRow): StoredJobStep {
  return {
    stepId: bytesToId(row.step_id),
    jobId: bytesToId(row.job_id),
    attempt: row.attempt,
    sequence: row.sequence,
    kind: row.kind,
    name: row.name,
    branch: row.branch,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    until: row.until_at,
    event: row.event,
    message: row.message,
    addressedTo: row.addressed_to === null ? null : (JSON.parse(row.addressed_to) as string[]),
    result: row.result,
    answer: row.answer === null ? null : (JSON.parse(row.answer) as JournalAnswer),
    answerId: row.answer_id === null ? null : bytesToId(row.answer_id),
    sealed: row.sealed === null ? null : new Uint8Array(row.sealed),
  };
}

/** An approval that is waited for, as both databases read it. */
export interface ApprovalRow {
  step_id: Uint8Array;
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  runbook_name: string;
  message: string | null;
  addressed_to: string | null;
  started_by: string;
  started_at: number;
  until_at: number | null;
}

export const approvalColumns =
  "s.step_id, s.job_id, j.runbook_id, j.runbook_name, s.message, s.addressed_to, j.started_by, s.started_at, s.until_at";

export function toApproval(row: ApprovalRow): StoredApproval {
  return {
    stepId: bytesToId(row.step_id),
    jobId: bytesToId(row.job_id),
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    message: row.message,
    addressedTo: row.addressed_to === null ? null : (JSON.parse(row.addressed_to) as string[]),
    startedBy: row.started_by,
    askedAt: row.started_at,
    until: row.until_at,
  };
}

/** The answer to a wait that its time ended. */
export const timedOutAnswer: string = JSON.stringify({ timedOut: true } satisfies JournalAnswer);
