/** Secret texts that an attempt of a job was given, sealed. */
export interface StoredJobSecrets {
  /** Named by what is in it. */
  secretId: string;
  jobId: string;
  sealed: Uint8Array;
}

export interface JobSecretReads {
  jobSecrets(of: { jobId: string }): StoredJobSecrets[];
  /** In the order of their ids. */
  sealedJobSecrets(of: { after: string | null; limit: number }): StoredJobSecrets[];
}

export interface JobSecretWrites {
  /** Nothing happens when it is there already. */
  addJobSecrets(of: StoredJobSecrets): void;
  rewrapJobSecrets(of: { rows: Pick<StoredJobSecrets, "secretId" | "sealed">[] }): void;
  /** Removes those of jobs that have ended, or are gone; so many at most. Gives how many. */
  purgeJobSecrets(of: { limit: number }): number;
}
