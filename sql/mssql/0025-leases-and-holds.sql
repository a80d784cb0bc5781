-- Oldest program: 18
-- See 0002-job-ends.sql for what all procedures have in common.

-- A worker says hello: takes its row until the caller's commit, so that neither a claim nor the loss of its lease comes between, and gives
-- what the caller decides by. No worker: no row. `lease_duration` is that of its group, NULL where the database has none for it.
ALTER PROCEDURE runsmith.BeginHello
  @worker_id binary(16),
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;

  UPDATE runsmith.workers SET status = status WHERE worker_id = @worker_id AND status <> N'removed';

  SELECT N'worker' AS kind, w.name, w.worker_group, w.tags, w.admission, w.instance_id, w.lease_expires_at, g.lease_duration,
    COALESCE(@now, SYSUTCDATETIME()) AS now
  FROM runsmith.workers w
  LEFT JOIN runsmith.worker_groups g ON g.workspace_id = w.workspace_id AND g.name = w.worker_group
  WHERE w.worker_id = @worker_id AND w.status <> N'removed';

  SELECT N'job' AS kind, job_id, attempt, host_kind, status, claimed_at, host_ready_at, lost_at, lost_attempts, max_attempts, time_limit,
    stop_grace, stop_requested_by, stop_forced
  FROM runsmith.jobs
  WHERE worker_id = @worker_id AND ended_at IS NULL
  ORDER BY job_id;
END;
GO
