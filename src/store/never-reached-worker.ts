import type { JobStatus } from "../contract/job-status.ts";

/**
 * Whether an attempt that was claimed for a worker's instance, and that the instance does not have, was lost on its way there. What is
 * to be stopped ends the same in both cases; what is to be suspended may have run, as its host's first sign of life says.
 */
export function neverReachedWorker(job: { status: JobStatus; host_ready_at: number | null }): boolean {
  switch (job.status) {
    case "Activating":
    case "Stopping":
      return true;
    case "Suspending":
      return job.host_ready_at === null;
    default:
      return false;
  }
}
