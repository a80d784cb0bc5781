import { secretPlaceholder } from "../../contract/api/job.ts";
import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { JobException, LogSwitches } from "../../contract/host/host-messages.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { StoredJob } from "../operations/jobs.ts";
import { parkedCounted } from "../operations/jobs.ts";

/** Of a parked job `j`: how many jobs of its runbook are ahead of it. Not counted to the end where there are very many. */
const parkedBehind = `
  (SELECT r.active_jobs FROM runbooks r WHERE r.runbook_id = j.runbook_id)
  + (SELECT COUNT(*) FROM (SELECT 1 FROM jobs o WHERE o.workspace_id = j.workspace_id AND o.runbook_id = j.runbook_id
       AND o.parked = 1 AND o.job_id < j.job_id LIMIT ${parkedCounted}))`;

/** How many jobs of its runbook are ahead of a parked job; `j` is the job. */
export const selectParkedBehind = `SELECT ${parkedBehind} AS parked_behind FROM jobs j`;

/** What a `StoredJob` is made of; `FROM` and `JOIN`s included, ready for a `WHERE`. */
export const selectStoredJob = `
  SELECT j.job_id, j.runbook_id, j.runbook_name, j.runbook_kind, j.version_id, j.version_number, j.draft, j.status,
    j.placement_id, j.worker_group, j.priority, j.host_kind, j.attempt, j.worker_id, w.name AS worker_name, p.parameters, p.secret_names, j.grants,
    j.sandbox, j.isolation, j.started_by, j.accepted_at, j.claimed_at, j.host_ready_at, j.first_record_at, j.ended_at, j.status_reason,
    j.exception, j.result, j.exit_code, j.error_count, j.warning_count, j.record_count, j.retry_of,
    CASE WHEN j.parked = 1 THEN ${parkedBehind} END AS parked_behind
  FROM jobs j JOIN job_parameters p ON p.job_id = j.job_id LEFT JOIN workers w ON w.worker_id = j.worker_id`;

export interface StoredJobRow {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  version_number: number;
  draft: number;
  status: JobStatus;
  placement_id: Uint8Array;
  worker_group: string | null;
  priority: number;
  host_kind: HostKind;
  attempt: number;
  worker_id: Uint8Array | null;
  worker_name: string | null;
  parameters: string;
  secret_names: string;
  grants: string;
  sandbox: string | null;
  isolation: Isolation | null;
  started_by: string;
  accepted_at: number;
  claimed_at: number | null;
  host_ready_at: number | null;
  first_record_at: number | null;
  ended_at: number | null;
  status_reason: string | null;
  exception: string | null;
  result: string | null;
  exit_code: number | null;
  error_count: number;
  warning_count: number;
  record_count: number;
  retry_of: Uint8Array | null;
  parked_behind: number | null;
}

export function toStoredJob(row: StoredJobRow): StoredJob {
  return {
    jobId: bytesToId(row.job_id),
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    versionNumber: row.version_number,
    draft: row.draft === 1,
    status: row.status,
    placementId: bytesToId(row.placement_id),
    workerGroup: row.worker_group,
    hostKind: row.host_kind,
    priority: row.priority,
    parkedBehind: row.parked_behind,
    attempt: row.attempt,
    workerId: row.worker_id === null ? null : bytesToId(row.worker_id),
    workerName: row.worker_name,
    parameters: withoutSecrets(
      JSON.parse(row.parameters) as Record<string, unknown>,
      JSON.parse(row.secret_names) as string[],
    ),
    grants: JSON.parse(row.grants) as Grant[],
    sandbox: row.sandbox,
    isolation: row.isolation,
    startedBy: row.started_by,
    acceptedAt: row.accepted_at,
    claimedAt: row.claimed_at,
    hostReadyAt: row.host_ready_at,
    firstRecordAt: row.first_record_at,
    endedAt: row.ended_at,
    statusReason: row.status_reason,
    exception: parsed<JobException>(row.exception),
    result: parsed<unknown>(row.result),
    exitCode: row.exit_code,
    errorCount: row.error_count,
    warningCount: row.warning_count,
    recordCount: row.record_count,
    retryOf: row.retry_of === null ? null : bytesToId(row.retry_of),
  };
}

/** The parameters as anybody may read them. */
export function withoutSecrets(parameters: Record<string, unknown>, secretNames: string[]): Record<string, unknown> {
  const shown = { ...parameters };
  for (const name of secretNames) {
    if (Object.hasOwn(shown, name)) {
      shown[name] = secretPlaceholder;
    }
  }
  return shown;
}

/** `jobs.log_switches`. */
export function toLogSwitches(bits: number): LogSwitches {
  return { verbose: (bits & 1) !== 0, debug: (bits & 2) !== 0, progress: (bits & 4) !== 0 };
}

function parsed<T>(json: string | null): T | null {
  return json === null ? null : (JSON.parse(json) as T);
}

/** What the end, the stop or the loss of an attempt must know of its job. */
export interface OpenJob {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  status: JobStatus;
  parked: number;
  attempt: number;
  worker_id: Uint8Array | null;
  placement_id: Uint8Array;
  priority: number;
  host_kind: HostKind;
  lost_attempts: number;
  failed_attempts: number;
  max_attempts: number;
  max_retries: number;
  time_limit: number | null;
  stop_grace: number;
  claimed_at: number | null;
  host_ready_at: number | null;
  stop_requested_by: string | null;
  /** When the lease of a former instance of its worker ends, which had it. */
  lost_at: number | null;
}

/** Columns of an `OpenJob`, ready for a `WHERE`. */
export const selectOpenJob = `
  SELECT job_id, runbook_id, status, parked, attempt, worker_id, placement_id, priority, host_kind, lost_attempts, failed_attempts,
    max_attempts, max_retries, time_limit, stop_grace, claimed_at, host_ready_at, stop_requested_by, lost_at
  FROM jobs`;
