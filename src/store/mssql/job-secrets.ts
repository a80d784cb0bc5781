import { firstIdOf } from "../id-range.ts";
import type { JobSecretsRow } from "../job-secrets-rows.ts";
import { toJobSecrets } from "../job-secrets-rows.ts";
import type { JobSecretReads, JobSecretWrites } from "../operations/job-secrets.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { bytes, id, idBytes, int } from "./sql-values.ts";

const firstId = new Uint8Array(16);

export function jobSecretReads(session: MssqlSession): Asynchronous<JobSecretReads> {
  return {
    jobSecrets: async ({ jobId }) => {
      const rows = await session.all<JobSecretsRow>(
        "SELECT secret_id, job_id, sealed FROM runsmith.job_secrets WHERE job_id = @job_id",
        { job_id: id(jobId) },
      );
      return rows.map(toJobSecrets);
    },
    sealedJobSecrets: async ({ after, limit }) => {
      const rows = await session.all<JobSecretsRow>(
        `SELECT TOP (@limit) secret_id, job_id, sealed FROM runsmith.job_secrets
         WHERE secret_id > @after ORDER BY secret_id`,
        { after: after === null ? idBytes(firstId) : id(after), limit: int(limit) },
      );
      return rows.map(toJobSecrets);
    },
  };
}

export const jobSecretWriteRules: WriteRules<JobSecretWrites> = {
  addJobSecrets: "repeatable",
  rewrapJobSecrets: "repeatable",
  purgeJobSecrets: "repeatable",
};

export function jobSecretWrites(session: MssqlSession): Asynchronous<JobSecretWrites> {
  return {
    addJobSecrets: async ({ secretId, jobId, sealed }) => {
      await session.run(
        `INSERT INTO runsmith.job_secrets (secret_id, job_id, sealed)
         SELECT @secret_id, @job_id, @sealed
         WHERE NOT EXISTS (SELECT 1 FROM runsmith.job_secrets WITH (UPDLOCK, HOLDLOCK) WHERE secret_id = @secret_id)`,
        { secret_id: id(secretId), job_id: id(jobId), sealed: bytes(sealed) },
      );
    },
    rewrapJobSecrets: async ({ rows }) => {
      for (const { secretId, sealed } of rows) {
        await session.run("UPDATE runsmith.job_secrets SET sealed = @sealed WHERE secret_id = @secret_id", {
          sealed: bytes(sealed),
          secret_id: id(secretId),
        });
      }
    },
    purgeJobSecrets: ({ limit, unknownBefore }) =>
      session.run(
        `DELETE TOP (@limit) s FROM runsmith.job_secrets s LEFT JOIN runsmith.jobs j ON j.job_id = s.job_id
         WHERE j.job_id IS NULL AND s.job_id < @unknown_before
           OR j.ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runsmith.job_steps k WHERE k.job_id = s.job_id)`,
        { limit: int(limit), unknown_before: idBytes(firstIdOf(unknownBefore)) },
      ),
  };
}
