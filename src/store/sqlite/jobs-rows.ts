import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
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
    j.parent_job_id, j.schedule_id, j.due_at,
    CASE WHEN j.parked = 1 THEN ${parkedBehind} END AS parked_behind
  FROM jobs j JOIN job_parameters p ON p.job_id = j.job_id LEFT JOIN workers w ON w.worker_id = j.worker_id`;

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
  stop_forced: number;
  /** When the lease of a former instance of its worker ends, which had it. */
  lost_at: number | null;
}

/** Columns of an `OpenJob`, ready for a `WHERE`. */
export const selectOpenJob = `
  SELECT job_id, runbook_id, status, parked, attempt, worker_id, placement_id, priority, host_kind, lost_attempts, failed_attempts,
    max_attempts, max_retries, time_limit, stop_grace, claimed_at, host_ready_at, stop_requested_by, stop_forced, lost_at
  FROM jobs`;
