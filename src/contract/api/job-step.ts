import type { JournalAnswer, JournalKind } from "../journal.ts";

/** An approval that a job waits for. */
export interface ApprovalResource {
  stepId: string;
  jobId: string;
  runbookId: string;
  runbookName: string;
  /** Who started the job. */
  startedBy: string;
  message: string | null;
  /** As of a step. */
  to: string[] | null;
  /** When it was asked for. */
  since: string;
  /** When it is over by itself; null where it waits for as long as it takes. */
  until: string | null;
}

/** A step of a job, or something that it waits or waited for. Times are UTC ISO 8601 with milliseconds. */
export interface JobStepResource {
  stepId: string;
  kind: JournalKind;
  name: string;
  /** The path of its branch; empty outside of branches. */
  branch: string;
  /** The attempt that did it, or came to the wait. */
  attempt: number;
  startedAt: string;
  /** Null while it is waited for; of a step, that it was under way when its attempt ended, and is not done. */
  endedAt: string | null;
  /** When a wait is over by itself. */
  until: string | null;
  /** The name of the event that is waited for. */
  event: string | null;
  /** What is to be approved, or why the job is suspended. */
  message: string | null;
  /** Who may approve, by name; null for whoever may operate the runbook. */
  to: string[] | null;
  /** What a step gave, without secrets; null where it gave nothing, or more than is shown. */
  result: unknown;
  /** Who ended a wait, how and why; without an event's value. */
  answer: Omit<JournalAnswer, "value"> | null;
}
