/** The states of a job; the names are SMA's (contract §4.1), the transitions are in `src/jobs/job-transitions.ts`. */
export const jobStatuses = [
  "New",
  "Activating",
  "Running",
  "Completed",
  "Failed",
  "Stopped",
  "Suspended",
  "Suspending",
  "Stopping",
  "Resuming",
] as const;

export type JobStatus = (typeof jobStatuses)[number];

/** States that nothing leaves. */
export const endedStatuses = ["Completed", "Failed", "Stopped"] as const satisfies readonly JobStatus[];

export type EndedStatus = (typeof endedStatuses)[number];

/** How an attempt may be told to have ended by the worker that ran it: its job is over, or waits for what its journal says. */
export const attemptOutcomes = ["Completed", "Failed", "Stopped", "Suspended"] as const;

export type AttemptOutcome = (typeof attemptOutcomes)[number];
