import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { StoredJob } from "../store/operations/jobs.ts";

/**
 * A job as the API shows it.
 * @param waitingReason what to say of a job that waits in the queue
 */
export function jobResource(job: StoredJob, waitingReason: (job: StoredJob) => string | null): JobResource {
  return {
    jobId: job.jobId,
    runbookId: job.runbookId,
    runbookName: job.runbookName,
    runbookKind: job.runbookKind,
    versionId: job.versionId,
    versionNumber: job.versionNumber,
    draft: job.draft,
    status: job.status,
    statusReason: job.statusReason ?? (job.status === "New" ? waitingReason(job) : null),
    priority: job.priority,
    workerGroup: job.workerGroup,
    attempt: job.attempt,
    workerId: job.workerId,
    workerName: job.workerName,
    parameters: job.parameters,
    grants: job.grants,
    sandbox: job.sandbox,
    isolation: job.isolation,
    result: job.result,
    exception: job.exception,
    exitCode: job.exitCode,
    errorCount: job.errorCount,
    warningCount: job.warningCount,
    recordCount: job.recordCount,
    startedBy: job.startedBy,
    retryOf: job.retryOf,
    parentJobId: job.parentJobId,
    scheduleId: job.scheduleId,
    dueAt: isoTimeOrNull(job.dueAt),
    timings: {
      acceptedAt: isoTime(job.acceptedAt),
      claimedAt: isoTimeOrNull(job.claimedAt),
      hostReadyAt: isoTimeOrNull(job.hostReadyAt),
      firstRecordAt: isoTimeOrNull(job.firstRecordAt),
      endedAt: isoTimeOrNull(job.endedAt),
    },
  };
}
