import type { Job } from "./job.ts";

/** The optional second argument of a runbook's function; the same as the exports `signal` and `job`. */
export interface Context {
  readonly signal: AbortSignal;
  readonly job: Job;
}
