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

DROP PROCEDURE runsmith.ClaimJobs;
GO

-- Fills slots with the next jobs of their queues. @claimed_at tells this claim from every other one of its workers, so that it can be
-- looked up when its answer was lost.
CREATE PROCEDURE runsmith.ClaimJobs
  @slots runsmith.ClaimSlots READONLY,
  @claimed_at datetime2(3),
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @wanted TABLE (
    position int NOT NULL PRIMARY KEY, placement_id binary(16) NOT NULL, worker_id binary(16) NOT NULL,
    instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL, link_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL);
  DECLARE @workers TABLE (worker_id binary(16) NOT NULL PRIMARY KEY, sandbox nvarchar(256) NULL);
  DECLARE @free TABLE (
    placement_id binary(16) NOT NULL, number int NOT NULL, position int NOT NULL, worker_id binary(16) NOT NULL,
    sandbox nvarchar(256) NULL, PRIMARY KEY (placement_id, number));
  DECLARE @taken TABLE (job_id binary(16) NOT NULL PRIMARY KEY, placement_id binary(16) NOT NULL, rank int NOT NULL, tag bigint NOT NULL);
  DECLARE @held_runbooks TABLE (runbook_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @held TABLE (job_id binary(16) NOT NULL PRIMARY KEY, runbook_id binary(16) NOT NULL);
  DECLARE @given TABLE (
    job_id binary(16) NOT NULL PRIMARY KEY, position int NOT NULL, worker_id binary(16) NOT NULL, sandbox nvarchar(256) NULL);
  DECLARE @started TABLE (job_id binary(16) NOT NULL PRIMARY KEY, attempt int NOT NULL, worker_id binary(16) NOT NULL);
  DECLARE @placement_id binary(16);
  DECLARE @count int;

  INSERT INTO @wanted (position, placement_id, worker_id, instance_id, link_id)
  SELECT position, placement_id, worker_id, instance_id, link_id FROM @slots;

  BEGIN TRANSACTION;

  -- Takes the workers' rows: none of them says hello anew, or is taken as lost, before its jobs are seen to be its own.
  UPDATE runsmith.workers SET status = status
  OUTPUT inserted.worker_id, inserted.sandbox INTO @workers
  WHERE status = N'connected' AND admission = N'open' AND lease_expires_at > @now
    AND EXISTS (
      SELECT 1 FROM @wanted s
      WHERE s.worker_id = workers.worker_id AND s.instance_id = workers.instance_id
        AND (s.link_id IS NULL OR s.link_id = workers.link_id));

  -- A hold counts from its commit on. The statement before does not see one that came while it waited for rows, where it reads from a
  -- snapshot.
  DELETE FROM @workers WHERE worker_id IN (
    SELECT w.worker_id FROM runsmith.workers w
    JOIN runsmith.dispatch_holds h ON h.workspace_id = w.workspace_id
    WHERE h.scope = N'all' OR (h.scope = N'group' AND h.subject = w.worker_group));

  INSERT INTO @free (placement_id, number, position, worker_id, sandbox)
  SELECT s.placement_id, ROW_NUMBER() OVER (PARTITION BY s.placement_id ORDER BY s.position), s.position, w.worker_id, w.sandbox
  FROM @wanted s JOIN @workers w ON w.worker_id = s.worker_id;

  SET @placement_id = (SELECT TOP (1) placement_id FROM @free ORDER BY placement_id);
  WHILE @placement_id IS NOT NULL
  BEGIN
    SET @count = (SELECT COUNT(*) FROM @free WHERE placement_id = @placement_id);
    -- The claim: a row can be deleted once. The hints only let claims of the same queue pass by each other.
    DELETE q OUTPUT deleted.job_id, deleted.placement_id, deleted.rank, deleted.tag INTO @taken
    FROM runsmith.job_queue q JOIN (
      SELECT TOP (@count) h.placement_id, h.rank, h.tag, h.job_id
      FROM runsmith.job_queue h WITH (ROWLOCK, UPDLOCK, READPAST, READCOMMITTEDLOCK)
      WHERE h.placement_id = @placement_id
      ORDER BY h.rank, h.tag, h.job_id) n
    ON n.placement_id = q.placement_id AND n.rank = q.rank AND n.tag = q.tag AND n.job_id = q.job_id;
    SET @placement_id = (SELECT TOP (1) placement_id FROM @free WHERE placement_id > @placement_id ORDER BY placement_id);
  END;

  -- Jobs of a held runbook are parked on the way.
  IF EXISTS (SELECT 1 FROM runsmith.dispatch_holds WHERE scope = N'runbook')
  BEGIN
    -- Takes the runbooks' rows: a release was before this, and nothing is parked, or comes after it, and finds what is.
    UPDATE runsmith.runbooks SET active_jobs = active_jobs
    OUTPUT inserted.runbook_id INTO @held_runbooks
    WHERE dispatch_held = 1
      AND runbook_id IN (SELECT j.runbook_id FROM runsmith.jobs j WHERE j.job_id IN (SELECT job_id FROM @taken));

    UPDATE runsmith.jobs SET parked = 1
    OUTPUT inserted.job_id, inserted.runbook_id INTO @held
    WHERE job_id IN (SELECT job_id FROM @taken) AND status = N'New' AND runbook_id IN (SELECT runbook_id FROM @held_runbooks);

    UPDATE runsmith.runbooks
    SET active_jobs = active_jobs - (SELECT COUNT(*) FROM @held h WHERE h.runbook_id = runbooks.runbook_id)
    WHERE runbook_id IN (SELECT runbook_id FROM @held);
  END;

  INSERT INTO @given (job_id, position, worker_id, sandbox)
  SELECT t.job_id, f.position, f.worker_id, f.sandbox
  FROM (
    SELECT job_id, placement_id, ROW_NUMBER() OVER (PARTITION BY placement_id ORDER BY rank, tag, job_id) AS number
    FROM @taken) t
  JOIN @free f ON f.placement_id = t.placement_id AND f.number = t.number
  WHERE t.job_id NOT IN (SELECT job_id FROM @held);

  UPDATE runsmith.jobs SET status = N'Activating', attempt = attempt + 1, claimed_at = @claimed_at, status_reason = NULL,
    worker_id = (SELECT g.worker_id FROM @given g WHERE g.job_id = jobs.job_id),
    sandbox = (SELECT g.sandbox FROM @given g WHERE g.job_id = jobs.job_id),
    isolation = CASE
      WHEN host_reuse <> N'never' AND (SELECT g.sandbox FROM @given g WHERE g.job_id = jobs.job_id) = N'bubblewrap' THEN N'runbook'
      ELSE N'job'
    END
  OUTPUT inserted.job_id, inserted.attempt, inserted.worker_id INTO @started
  WHERE status = N'New' AND job_id IN (SELECT job_id FROM @given);

  -- A job may have come back to the queue since the time that the claim is known by.
  INSERT INTO runsmith.job_attempts (job_id, attempt, worker_id, claimed_at)
  SELECT s.job_id, s.attempt, s.worker_id, CASE WHEN b.ended_at > @claimed_at THEN b.ended_at ELSE @claimed_at END
  FROM @started s LEFT JOIN runsmith.job_attempts b ON b.job_id = s.job_id AND b.attempt = s.attempt - 1;

  COMMIT TRANSACTION;

  SELECT N'worker' AS kind, worker_id FROM @workers;
  SELECT N'parked' AS kind, h.job_id, t.placement_id FROM @held h JOIN @taken t ON t.job_id = h.job_id;
  SELECT N'claimed' AS kind, g.position, j.job_id, s.attempt, s.worker_id, j.placement_id, j.host_kind, j.runbook_id, j.runbook_name,
    j.runbook_kind, j.version_id, p.parameters, j.log_switches, j.grants, j.time_limit, j.stop_grace, j.output_limit, j.isolation,
    j.host_reuse, j.starter_id, j.claimed_at
  FROM @started s JOIN @taken t ON t.job_id = s.job_id JOIN @given g ON g.job_id = s.job_id
  JOIN runsmith.jobs j ON j.job_id = s.job_id JOIN runsmith.job_parameters p ON p.job_id = s.job_id
  ORDER BY t.placement_id, t.rank, t.tag, t.job_id;

  -- The positions are a hint to fairness only, so no claim waits for another one's commit because of them, and none fails, now that it is
  -- committed, when they cannot be changed.
  BEGIN TRY
    UPDATE runsmith.queue_positions
    SET tag = (SELECT MAX(t.tag) FROM @taken t WHERE t.placement_id = queue_positions.placement_id AND t.rank = queue_positions.rank)
    WHERE EXISTS (
      SELECT 1 FROM @taken t
      WHERE t.placement_id = queue_positions.placement_id AND t.rank = queue_positions.rank AND t.tag > queue_positions.tag);

    INSERT INTO runsmith.queue_positions (placement_id, rank, tag)
    SELECT t.placement_id, t.rank, MAX(t.tag) FROM @taken t
    WHERE NOT EXISTS (SELECT 1 FROM runsmith.queue_positions p WHERE p.placement_id = t.placement_id AND p.rank = t.rank)
    GROUP BY t.placement_id, t.rank;
  END TRY
  BEGIN CATCH
  END CATCH;
END;
GO
