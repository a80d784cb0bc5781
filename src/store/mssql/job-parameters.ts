import type { JobParametersRow } from "../job-parameter-rows.ts";
import { toJobsWithSecrets } from "../job-parameter-rows.ts";
import type { JobParameterReads, JobParameterWrites } from "../operations/job-parameters.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { id, idBytes, int, text } from "./sql-values.ts";

const firstId = new Uint8Array(16);

export function jobParameterReads(session: MssqlSession): Asynchronous<JobParameterReads> {
  return {
    jobsWithSecrets: async ({ after, limit }) =>
      toJobsWithSecrets(
        await session.all<JobParametersRow>(
          `SELECT TOP (@limit) job_id, CASE WHEN secret_names = N'[]' THEN NULL ELSE parameters END AS parameters, secret_names
           FROM runsmith.job_parameters WHERE job_id > @after ORDER BY job_id`,
          { after: after === null ? idBytes(firstId) : id(after), limit: int(limit) },
        ),
        limit,
      ),
  };
}

export const jobParameterWriteRules: WriteRules<JobParameterWrites> = {
  rewrapJobParameters: "repeatable",
};

export function jobParameterWrites(session: MssqlSession): Asynchronous<JobParameterWrites> {
  return {
    rewrapJobParameters: async ({ values }) => {
      for (const { jobId, former, sealed } of values) {
        await session.run(
          "UPDATE runsmith.job_parameters SET parameters = REPLACE(parameters, @former, @sealed) WHERE job_id = @job_id",
          { former: text(former), sealed: text(sealed), job_id: id(jobId) },
        );
      }
    },
  };
}
