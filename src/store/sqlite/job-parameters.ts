import { idToBytes } from "../id-bytes.ts";
import type { JobParametersRow } from "../job-parameter-rows.ts";
import { toJobsWithSecrets } from "../job-parameter-rows.ts";
import type { JobParameterReads, JobParameterWrites } from "../operations/job-parameters.ts";
import type { SqliteSession } from "./session.ts";

const firstId = new Uint8Array(16);

export function jobParameterReads(session: SqliteSession): JobParameterReads {
  return {
    jobsWithSecrets: ({ after, limit }) =>
      toJobsWithSecrets(
        session.all<JobParametersRow>(
          `SELECT job_id, CASE WHEN secret_names = '[]' THEN NULL ELSE parameters END AS parameters, secret_names
           FROM job_parameters WHERE job_id > ? ORDER BY job_id LIMIT ?`,
          after === null ? firstId : idToBytes(after),
          limit,
        ),
        limit,
      ),
  };
}

export function jobParameterWrites(session: SqliteSession): JobParameterWrites {
  return {
    rewrapJobParameters: ({ values }) => {
      for (const { jobId, former, sealed } of values) {
        session.run(
          "UPDATE job_parameters SET parameters = replace(parameters, ?, ?) WHERE job_id = ?",
          former,
          sealed,
          idToBytes(jobId),
        );
      }
    },
  };
}
