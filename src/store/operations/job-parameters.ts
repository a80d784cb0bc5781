/** A job that was given secret parameters, as these are stored. */
export interface JobWithSecrets {
  jobId: string;
  /** Secret ones may be sealed. */
  parameters: Record<string, unknown>;
  secretNames: string[];
}

export interface JobParameterReads {
  /** Of the next `limit` jobs, by id, those with secret parameters; `next` is null behind the last job. */
  jobsWithSecrets(of: { after: string | null; limit: number }): { jobs: JobWithSecrets[]; next: string | null };
}

export interface JobParameterWrites {
  /** Replaces sealed values of jobs, each base64, where they are still there. */
  rewrapJobParameters(of: { values: { jobId: string; former: string; sealed: string }[] }): void;
}
