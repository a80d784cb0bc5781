import { bytesToId } from "../id-bytes.ts";
import type { AssignedAttempt, JobEffects } from "../operations/jobs.ts";
import type { OpenJob } from "./jobs-rows.ts";

/** Nothing has happened yet. */
export function noEffects(): JobEffects {
  return { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] };
}

/** Notes that a job's row changed. */
export function noteChange(effects: JobEffects, jobId: Uint8Array): void {
  const id = bytesToId(jobId);
  if (effects.changedJobs.at(-1) !== id) {
    effects.changedJobs.push(id);
  }
}

/** The current attempt of a job that a worker has; null when none has it. */
export function assignedAttempt(job: OpenJob): AssignedAttempt | null {
  return job.worker_id === null
    ? null
    : { jobId: bytesToId(job.job_id), attempt: job.attempt, workerId: bytesToId(job.worker_id) };
}
