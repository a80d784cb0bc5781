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
  /**
   * Removes those of jobs that have ended and cannot be started again behind their steps, or are gone; so many at most. Gives how many.
   * @param of.unknownBefore milliseconds since the epoch: a job of a later id that is not there yet is about to be accepted
   */
  purgeJobSecrets(of: { limit: number; unknownBefore: number }): number;
}
