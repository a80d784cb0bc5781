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

-- Ends the attempts of workers whose lease has ended, and clears away removed workers.
ALTER PROCEDURE runsmith.ReclaimExpired
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  -- Milliseconds: more than a statement waits for rows before a service cancels it.
  DECLARE @slack bigint = 20000;
  DECLARE @lost TABLE (
    worker_id binary(16) NOT NULL PRIMARY KEY, principal_id binary(16) NOT NULL, name nvarchar(256) NOT NULL,
    worker_group nvarchar(128) NOT NULL, status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL, lease_duration bigint NULL,
    reason nvarchar(400) NULL);
  DECLARE @ends runsmith.AttemptEnds;

  -- After the clock was put back, no lease may last longer than it was given for. What was renewed while this waited for rows looks
  -- alike, by as much as it waited, and is left alone. The time is each statement's own, and no row of a worker that is well is taken.
  IF EXISTS (
    SELECT 1 FROM runsmith.workers
    WHERE status IN (N'connected', N'draining', N'removed')
      AND lease_expires_at > runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lease_duration + @slack))
    UPDATE runsmith.workers SET lease_expires_at = runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lease_duration)
    WHERE status IN (N'connected', N'draining', N'removed')
      AND lease_expires_at > runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lease_duration + @slack);
  IF EXISTS (
    SELECT 1 FROM runsmith.jobs
    WHERE lost_at IS NOT NULL AND lost_at > runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lost_wait + @slack))
    UPDATE runsmith.jobs SET lost_at = runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lost_wait)
    WHERE lost_at IS NOT NULL AND lost_at > runsmith.Later(COALESCE(@now, SYSUTCDATETIME()), lost_wait + @slack);

  SET @now = COALESCE(@now, SYSUTCDATETIME());

  BEGIN TRANSACTION;

  -- From here on these leases are not renewed any more.
  UPDATE runsmith.workers SET
    unavailable_since = CASE WHEN status = N'removed' THEN unavailable_since ELSE COALESCE(unavailable_since, last_seen_at) END,
    status = CASE WHEN status = N'removed' THEN status ELSE N'lost' END
  OUTPUT inserted.worker_id, inserted.principal_id, inserted.name, inserted.worker_group, inserted.status,
    inserted.lease_duration INTO @lost (worker_id, principal_id, name, worker_group, status, lease_duration)
  WHERE status IN (N'connected', N'draining', N'removed') AND (lease_expires_at IS NULL OR lease_expires_at < @now);

  INSERT INTO @ends (job_id, attempt, worker_id, outcome, reason)
  SELECT j.job_id, j.attempt, j.worker_id, N'Lost', N'its worker was started anew'
  FROM runsmith.jobs j WHERE j.lost_at <= @now AND j.worker_id IS NOT NULL;

  UPDATE @lost SET reason = CASE
      WHEN status = N'removed' THEN N'its worker was removed'
      WHEN lease_duration IS NULL THEN N'worker ' + name + N' was lost (no heartbeat)'
      ELSE N'worker ' + name + N' was lost (no heartbeat for ' + runsmith.Seconds(lease_duration) + N' s)'
    END;

  -- Those of a former instance have a time of their own.
  INSERT INTO @ends (job_id, attempt, worker_id, outcome, reason)
  SELECT j.job_id, j.attempt, j.worker_id, N'Lost', l.reason
  FROM runsmith.jobs j JOIN @lost l ON l.worker_id = j.worker_id
  WHERE j.ended_at IS NULL AND j.lost_at IS NULL;

  IF EXISTS (SELECT 1 FROM runsmith.notice_rules WHERE enabled = 1)
    INSERT INTO runsmith.notice_events (happened_at, subject_id, event, worker_name, worker_group, reason)
    SELECT @now, worker_id, N'worker-lost', name, worker_group, reason FROM @lost WHERE status <> N'removed';

  IF EXISTS (SELECT 1 FROM @ends)
    EXECUTE runsmith.CompleteJobs @ends, @release_limit, @now;

  DELETE FROM runsmith.workers WHERE worker_id IN (SELECT worker_id FROM @lost WHERE status = N'removed');
  DELETE FROM runsmith.principals WHERE principal_id IN (SELECT principal_id FROM @lost WHERE status = N'removed');

  COMMIT TRANSACTION;

  SELECT N'lost' AS effect, worker_id, name FROM @lost ORDER BY worker_id;
END;
GO
