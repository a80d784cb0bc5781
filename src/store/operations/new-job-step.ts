import type { JournalAnswer, JournalKind } from "../../contract/journal.ts";

/** `sent`: an event that somebody sent; `checkpoint`: the last one, which replaced those before. */
export type JobStepKind = JournalKind | "sent" | "checkpoint";

/** Something that a job's attempt wants kept. Times are milliseconds since the epoch. */
export interface NewJobStep {
  /** Made of the job and of what the step is called in it, so that what is told twice is stored once. */
  stepId: string;
  /** Its place within its attempt. */
  sequence: number;
  kind: JobStepKind;
  /** Without secrets, as `message` and `result` are. */
  name: string;
  branch: string;
  startedAt: number;
  endedAt: number | null;
  until: number | null;
  event: string | null;
  message: string | null;
  /** Names of those who may approve; null for whoever may operate the runbook. */
  addressedTo: string[] | null;
  /** As JSON; null where there is none to show. */
  result: string | null;
  /** Of a wait that is over: what is shown of it. Left out where the database finds out what it came to. */
  answer?: JournalAnswer | null;
  sealed: Uint8Array | null;
}

/** A step that was under way when its attempt ended: a further attempt does it again. */
export function isUnfinished({ kind, endedAt }: Pick<NewJobStep, "kind" | "endedAt">): boolean {
  return kind === "step" && endedAt === null;
}
