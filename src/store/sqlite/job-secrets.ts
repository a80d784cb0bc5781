import { idToBytes } from "../id-bytes.ts";
import { firstIdOf } from "../id-range.ts";
import type { JobSecretsRow } from "../job-secrets-rows.ts";
import { toJobSecrets } from "../job-secrets-rows.ts";
import type { JobSecretReads, JobSecretWrites } from "../operations/job-secrets.ts";
import type { SqliteSession } from "./session.ts";

const firstId = new Uint8Array(16);

export function jobSecretReads(session: SqliteSession): JobSecretReads {
  return {
    jobSecrets: ({ jobId }) =>
      session
        .all<JobSecretsRow>("SELECT secret_id, job_id, sealed FROM job_secrets WHERE job_id = ?", idToBytes(jobId))
        .map(toJobSecrets),
    sealedJobSecrets: ({ after, limit }) =>
      session
        .all<JobSecretsRow>(
          "SELECT secret_id, job_id, sealed FROM job_secrets WHERE secret_id > ? ORDER BY secret_id LIMIT ?",
          after === null ? firstId : idToBytes(after),
          limit,
        )
        .map(toJobSecrets),
  };
}

export function jobSecretWrites(session: SqliteSession): JobSecretWrites {
  return {
    addJobSecrets: ({ secretId, jobId, sealed }) => {
      session.run(
        "INSERT INTO job_secrets (secret_id, job_id, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        idToBytes(secretId),
        idToBytes(jobId),
        sealed,
      );
    },
    rewrapJobSecrets: ({ rows }) => {
      for (const { secretId, sealed } of rows) {
        session.run("UPDATE job_secrets SET sealed = ? WHERE secret_id = ?", sealed, idToBytes(secretId));
      }
    },
    purgeJobSecrets: ({ limit, unknownBefore }) =>
      session.run(
        `DELETE FROM job_secrets WHERE secret_id IN (
           SELECT s.secret_id FROM job_secrets s LEFT JOIN jobs j ON j.job_id = s.job_id
           WHERE j.job_id IS NULL AND s.job_id < ?
             OR j.ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job_steps k WHERE k.job_id = s.job_id)
           LIMIT +?)`,
        firstIdOf(unknownBefore),
        limit,
      ),
  };
}
