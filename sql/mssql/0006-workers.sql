-- Leases of workers, as procedures. See 0002-job-ends.sql for what all procedures have in common.

CREATE TYPE runsmith.WorkerRenewals AS TABLE (
  worker_id binary(16) NOT NULL PRIMARY KEY,
  instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
  vitals nvarchar(max) NULL
);
GO

-- What a service was told of the leases of groups, in milliseconds; what is in the database goes before it.
CREATE TYPE runsmith.GroupLeases AS TABLE (
  worker_group nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL PRIMARY KEY,
  lease_duration bigint NOT NULL
);
GO

-- Renews the leases of workers that are still the same instance and have not been taken as lost. No lease is shorter than @at_least.
CREATE PROCEDURE runsmith.RenewWorkerLeases
  @renewals runsmith.WorkerRenewals READONLY,
  @group_leases runsmith.GroupLeases READONLY,
  @usual_lease bigint,
  @at_least bigint,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @due TABLE (
    worker_id binary(16) NOT NULL PRIMARY KEY, instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL, vitals nvarchar(max) NULL,
    lease_duration bigint NOT NULL);
  DECLARE @renewed TABLE (
    worker_id binary(16) NOT NULL PRIMARY KEY, worker_group nvarchar(128) NOT NULL, tags nvarchar(max) NOT NULL,
    admission nvarchar(20) NOT NULL, lease_duration bigint NOT NULL);

  INSERT INTO @due (worker_id, instance_id, vitals, lease_duration)
  SELECT d.worker_id, d.instance_id, d.vitals, CASE WHEN d.lease_duration < @at_least THEN @at_least ELSE d.lease_duration END
  FROM (
    SELECT r.worker_id, r.instance_id, r.vitals, COALESCE(g.lease_duration, l.lease_duration, @usual_lease) AS lease_duration
    FROM @renewals r JOIN runsmith.workers w ON w.worker_id = r.worker_id
    LEFT JOIN runsmith.worker_groups g ON g.workspace_id = w.workspace_id AND g.name = w.worker_group
    LEFT JOIN @group_leases l ON l.worker_group = w.worker_group) d;

  SET @now = COALESCE(@now, SYSUTCDATETIME());
  UPDATE runsmith.workers SET last_seen_at = @now,
    lease_duration = (SELECT d.lease_duration FROM @due d WHERE d.worker_id = workers.worker_id),
    lease_expires_at = runsmith.Later(@now, (SELECT d.lease_duration FROM @due d WHERE d.worker_id = workers.worker_id)),
    vitals = COALESCE((SELECT d.vitals FROM @due d WHERE d.worker_id = workers.worker_id), vitals)
  OUTPUT inserted.worker_id, inserted.worker_group, inserted.tags, inserted.admission, inserted.lease_duration INTO @renewed
  WHERE status IN (N'connected', N'draining')
    AND EXISTS (SELECT 1 FROM @due d WHERE d.worker_id = workers.worker_id AND d.instance_id = workers.instance_id);

  SELECT N'time' AS kind, @now AS now,
    COALESCE((SELECT MAX(lease_duration) FROM runsmith.workers WHERE status IN (N'connected', N'draining', N'removed')), 0) AS longest_lease;
  SELECT N'renewed' AS kind, worker_id, worker_group, tags, admission, lease_duration FROM @renewed;
END;
GO

-- Ends the attempts of workers whose lease has ended, and clears away removed workers.
CREATE PROCEDURE runsmith.ReclaimExpired
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @lost TABLE (
    worker_id binary(16) NOT NULL PRIMARY KEY, principal_id binary(16) NOT NULL, name nvarchar(256) NOT NULL,
    worker_group nvarchar(128) NOT NULL, status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL, lease_duration bigint NULL,
    reason nvarchar(400) NULL);
  DECLARE @ends runsmith.AttemptEnds;

  BEGIN TRANSACTION;

  -- After the clock was put back, no lease may last longer than it was given for.
  UPDATE runsmith.workers SET lease_expires_at = runsmith.Later(@now, lease_duration)
  WHERE status IN (N'connected', N'draining', N'removed') AND lease_expires_at > runsmith.Later(@now, lease_duration);
  UPDATE runsmith.jobs SET lost_at = runsmith.Later(@now, lost_wait)
  WHERE lost_at > @now AND lost_at > runsmith.Later(@now, lost_wait);

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

-- A worker says hello: takes its row until the caller's commit, so that neither a claim nor the loss of its lease comes between, and gives
-- what the caller decides by. No worker: no row. `lease_duration` is that of its group, NULL where the database has none for it.
CREATE PROCEDURE runsmith.BeginHello
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

  SELECT N'job' AS kind, job_id, attempt, host_kind, status, claimed_at, lost_at, lost_attempts, max_attempts, time_limit, stop_grace,
    stop_requested_by, stop_forced
  FROM runsmith.jobs
  WHERE worker_id = @worker_id AND ended_at IS NULL
  ORDER BY job_id;
END;
GO
