import { parkedCounted } from "../operations/jobs.ts";

/** What a `StoredJob` is made of; `FROM` and `JOIN`s included, ready for a `WHERE`. */
export const selectStoredJob = `
  SELECT j.job_id, j.runbook_id, j.runbook_name, j.runbook_kind, j.version_id, j.version_number, j.draft, j.status,
    j.placement_id, j.worker_group, j.priority, j.host_kind, j.attempt, j.worker_id, w.name AS worker_name, p.parameters,
    p.secret_names, j.grants, j.sandbox, j.isolation, j.started_by, j.accepted_at, j.claimed_at, j.host_ready_at,
    j.first_record_at, j.ended_at, j.status_reason, j.exception, j.result, j.exit_code, j.error_count, j.warning_count,
    j.record_count, j.retry_of, j.parent_job_id, j.schedule_id, j.due_at,
    CASE WHEN j.parked = 1 THEN
      (SELECT r.active_jobs FROM runsmith.runbooks r WHERE r.runbook_id = j.runbook_id)
      + (SELECT COUNT(*) FROM (
           SELECT TOP (${parkedCounted}) o.job_id FROM runsmith.jobs o
           WHERE o.workspace_id = j.workspace_id AND o.runbook_id = j.runbook_id AND o.parked = 1 AND o.job_id < j.job_id
           ORDER BY o.job_id) ahead)
    END AS parked_behind
  FROM runsmith.jobs j
  JOIN runsmith.job_parameters p ON p.job_id = j.job_id
  LEFT JOIN runsmith.workers w ON w.worker_id = j.worker_id`;
