import { bytesToId } from "./id-bytes.ts";
import type { StoredJobSecrets } from "./operations/job-secrets.ts";

export interface JobSecretsRow {
  secret_id: Uint8Array;
  job_id: Uint8Array;
  sealed: Uint8Array;
}

export function toJobSecrets(row: JobSecretsRow): StoredJobSecrets {
  return { secretId: bytesToId(row.secret_id), jobId: bytesToId(row.job_id), sealed: new Uint8Array(row.sealed) };
}
