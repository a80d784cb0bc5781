/** Bytes of records that a worker may have sent without their being acknowledged. */
export const jobRecordCredit = 1024 * 1024;
export const workerRecordCredit = 8 * 1024 * 1024;

/** A batch of records in one frame holds at most this many bytes of JSON, except that one record always fits. */
export const recordBatchBytes = 256 * 1024;

/** Default cap on the output of one job, in bytes; what comes after is cut, with a visible notice. */
export const defaultOutputLimit = 1024 * 1024 * 1024;

/** Hosts are ended this long before the lease ends, in milliseconds. */
export const leaseSafetyMargin = 2_000;

/** Default lease of a worker in milliseconds on the embedded database. */
export const defaultLeaseDuration = 6_000;

/** Default time between asking a script to end and killing it, in milliseconds. */
export const defaultStopGrace = 10_000;
