import { bytesToId } from "./id-bytes.ts";
import type { JobParameterReads } from "./operations/job-parameters.ts";

/** A row as both databases give it; without parameters where none is secret. */
export interface JobParametersRow {
  job_id: Uint8Array;
  parameters: string | null;
  secret_names: string;
}

/** A page of jobs, of which those count that have secrets. */
export function toJobsWithSecrets(
  rows: readonly JobParametersRow[],
  limit: number,
): ReturnType<JobParameterReads["jobsWithSecrets"]> {
  const last = rows.at(-1);
  return {
    jobs: rows.flatMap(({ job_id, parameters, secret_names }) =>
      parameters === null
        ? []
        : [
            {
              jobId: bytesToId(job_id),
              parameters: JSON.parse(parameters) as Record<string, unknown>,
              secretNames: JSON.parse(secret_names) as string[],
            },
          ],
    ),
    next: rows.length < limit || last === undefined ? null : bytesToId(last.job_id),
  };
}
