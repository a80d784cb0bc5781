/** The job that runs this runbook. */
export interface Job {
  /** The job's id, a UUID. */
  readonly id: string;
  /** The runbook's name. */
  readonly name: string;
  /** How often this job has been handed to a worker, this time included: 1 unless a worker was lost. */
  readonly attempt: number;
}

/** The job that runs this runbook. Outside of a job its id and name are empty and its attempt is 0. */
export let job: Job = { id: "", name: "", attempt: 0 };

/** Called by the host, when the job is known. */
export function setJob(values: Job): void {
  job = Object.freeze(values);
}
