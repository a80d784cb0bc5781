import type { JobException } from "../../contract/host/host-messages.ts";
import type { JournalAnswer } from "../../contract/journal.ts";
import type { AssignedAttempt, JobEffects, StoredJob } from "./jobs.ts";
import type { NewJobStep } from "./new-job-step.ts";

export interface StoredJobStep extends NewJobStep {
  jobId: string;
  attempt: number;
  answer: JournalAnswer | null;
  /** Of a wait whose event came: the event. */
  answerId: string | null;
}

/** An approval that a job waits for. */
export interface StoredApproval {
  stepId: string;
  jobId: string;
  runbookId: string;
  runbookName: string;
  message: string | null;
  /** As of a step. */
  addressedTo: string[] | null;
  /** Name of who started the job. */
  startedBy: string;
  /** Milliseconds since the epoch, as `until`. */
  askedAt: number;
  until: number | null;
}

/** What became of something that was asked of a suspended job. */
export type SettledWait =
  | { outcome: "not-found" }
  /** The job is in no state for it, or nobody waits for it. */
  | { outcome: "refused"; job: StoredJob }
  /** `isResumed`: the job is on its way to a worker. */
  | { outcome: "done"; job: StoredJob; isResumed: boolean; effects: JobEffects };

export interface JobStepReads {
  /** In their order; without events that were sent, and checkpoints, unless `all`. */
  jobSteps(of: { jobId: string; all: boolean }): StoredJobStep[];
  /** Those that are waited for by jobs that have not ended, the oldest first, behind the one of the id `after`. */
  openApprovals(of: { after: string | null; limit: number }): StoredApproval[];
  /** In the order of their ids. */
  sealedJobSteps(of: { after: string | null; limit: number }): { stepId: string; sealed: Uint8Array }[];
  /** Whether a wait is over by its time. */
  dueWaitsExist(): boolean;
}

export interface JobStepWrites {
  /**
   * Keeps steps of an attempt, if it is the current one and this worker's. What is there already is passed over, but for a checkpoint, and a step
   * that was not finished. A wait for an event that was sent before is over at once. Unless all of them are unfinished, the job has three attempts from
   * now on, counted from here.
   */
  addJobSteps(of: AssignedAttempt & { steps: NewJobStep[] }): { outcome: "stored" | "refused" };

  /** Steps that were done are to be done again, those that are still what the attempt made of them that is told. */
  reopenJobSteps(of: { steps: { stepId: string; attempt: number }[] }): void;

  /**
   * Ends an attempt whose job is to go on later. It goes on at once when something came for it while the attempt ran, and is stopped
   * when it was told to stop. Asked again it gives the same answer.
   */
  suspendAttempt(of: AssignedAttempt & { reason: string | null; exception: JobException | null; endedAt: number }): {
    outcome: "suspended" | "refused";
    effects: JobEffects;
  };

  /** Asks a running attempt to end as suspended. */
  suspendJob(of: {
    jobId: string;
    requestedBy: string;
  }):
    | { outcome: "not-found" }
    | { outcome: "refused"; job: StoredJob }
    | { outcome: "suspending"; job: StoredJob; attempt: AssignedAttempt };

  /** Lets a suspended job go on. */
  resumeJob(of: { jobId: string; requestedBy: string }): SettledWait;

  /** Keeps an event for a job that has not ended, which goes on if it waits for it. `stepId`: of the event. */
  sendJobEvent(of: {
    jobId: string;
    stepId: string;
    event: string;
    name: string;
    sealed: Uint8Array;
    answer: JournalAnswer;
  }): SettledWait;

  /** Answers an approval that is waited for. */
  answerApproval(of: { jobId: string; stepId: string; answer: JournalAnswer }): SettledWait;

  /** Ends waits whose time has come, at most `limit`, and lets their jobs go on. `more`: the limit ended it. */
  resumeDueJobs(of: { limit: number }): { effects: JobEffects; more: boolean };

  /** Those that still are what they were: a checkpoint may have been replaced. */
  rewrapJobSteps(of: { rows: { stepId: string; sealed: Uint8Array; former: Uint8Array }[] }): void;
}

/** Attempts that a job with a journal has, counted from its last step; more where its runbook says so. */
export const durableAttempts = 3;
