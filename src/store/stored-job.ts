import { secretPlaceholder } from "../contract/api/job.ts";
import type { Isolation } from "../contract/api/runbook.ts";
import type { Grant } from "../contract/grant.ts";
import type { JobException, LogSwitches } from "../contract/host/host-messages.ts";
import type { JobStatus } from "../contract/job-status.ts";
import type { HostKind, RunbookKind } from "../contract/runbook-kind.ts";
import { bytesToId } from "./id-bytes.ts";
import type { StoredJob } from "./operations/jobs.ts";

/** A row of `jobs` with what belongs to it, as both databases read it. */
export interface StoredJobRow {
  job_id: Uint8Array;
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  version_number: number;
  draft: number | boolean;
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
  parent_job_id: Uint8Array | null;
  schedule_id: Uint8Array | null;
  due_at: number | null;
  parked_behind: number | null;
}

/** A job as the border has it. */
export function toStoredJob(row: StoredJobRow): StoredJob {
  return {
    jobId: bytesToId(row.job_id),
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    versionNumber: row.version_number,
    draft: Boolean(row.draft),
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
    parentJobId: row.parent_job_id === null ? null : bytesToId(row.parent_job_id),
    scheduleId: row.schedule_id === null ? null : bytesToId(row.schedule_id),
    dueAt: row.due_at,
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
