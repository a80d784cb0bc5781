-- Oldest program: 8
-- The procedures that pass by rows which others have locked, as SQL Server allows it where READ_COMMITTED_SNAPSHOT is on: READPAST together
-- with READCOMMITTEDLOCK. Those that park jobs of a held runbook take the runbook's row first, so that its release passes none by.
-- See 0004-claims.sql, and 0002-job-ends.sql for what all procedures have in common.

DROP PROCEDURE runsmith.ReadClaimable;
GO

CREATE PROCEDURE runsmith.ReadClaimable
  @workers runsmith.OfferedWorkers READONLY,
  @queues runsmith.PlacementIds READONLY,
  @limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @offered TABLE (
    worker_id binary(16) NOT NULL PRIMARY KEY, instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
    link_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL);
  DECLARE @named TABLE (placement_id binary(16) NOT NULL PRIMARY KEY);
  INSERT INTO @offered (worker_id, instance_id, link_id) SELECT worker_id, instance_id, link_id FROM @workers;
  INSERT INTO @named (placement_id) SELECT placement_id FROM @queues;

  SELECT N'time' AS kind, @now AS now;

  SELECT N'worker' AS kind, w.worker_id, w.sandbox
  FROM runsmith.workers w JOIN @offered o ON o.worker_id = w.worker_id AND o.instance_id = w.instance_id
  WHERE w.status = N'connected' AND w.admission = N'open' AND w.lease_expires_at > @now
    AND (o.link_id IS NULL OR o.link_id = w.link_id)
    AND NOT EXISTS (
      SELECT 1 FROM runsmith.dispatch_holds h
      WHERE h.workspace_id = w.workspace_id AND (h.scope = N'all' OR (h.scope = N'group' AND h.subject = w.worker_group)));

  SELECT N'head' AS kind, k.placement_id, h.job_id, h.rank, h.tag - COALESCE(p.tag, 0) AS lag
  FROM @named k
  CROSS APPLY (
    SELECT TOP (@limit) q.job_id, q.rank, q.tag FROM runsmith.job_queue q WITH (READPAST, READCOMMITTEDLOCK)
    WHERE q.placement_id = k.placement_id
    ORDER BY q.rank, q.tag, q.job_id) h
  LEFT JOIN runsmith.queue_positions p ON p.placement_id = k.placement_id AND p.rank = h.rank
  ORDER BY k.placement_id, h.rank, h.tag, h.job_id;
END;
GO

DROP PROCEDURE runsmith.ClaimJobs;
GO

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
        AND (s.link_id IS NULL OR s.link_id = workers.link_id))
    AND NOT EXISTS (
      SELECT 1 FROM runsmith.dispatch_holds h
      WHERE h.workspace_id = workers.workspace_id
        AND (h.scope = N'all' OR (h.scope = N'group' AND h.subject = workers.worker_group)));

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

DROP PROCEDURE runsmith.ReadDispatchState;
GO

CREATE PROCEDURE runsmith.ReadDispatchState
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @queues TABLE (placement_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @placement_id binary(16);

  SELECT N'time' AS kind, COALESCE(@now, SYSUTCDATETIME()) AS now;

  -- Skips from queue to queue, so it costs as much as there are queues that hold jobs.
  SET @placement_id = (SELECT TOP (1) placement_id FROM runsmith.job_queue WITH (READPAST, READCOMMITTEDLOCK) ORDER BY placement_id);
  WHILE @placement_id IS NOT NULL
  BEGIN
    INSERT INTO @queues (placement_id) VALUES (@placement_id);
    SET @placement_id = (
      SELECT TOP (1) placement_id FROM runsmith.job_queue WITH (READPAST, READCOMMITTEDLOCK)
      WHERE placement_id > @placement_id ORDER BY placement_id);
  END;
  SELECT N'queue' AS kind, placement_id FROM @queues;

  SELECT N'worker' AS kind, worker_id, name, worker_group, tags, host_kinds, slots, status, admission, lease_duration, lease_expires_at,
    last_seen_at, unavailable_since, created_at
  FROM runsmith.workers
  WHERE workspace_id = 0x00000000000000000000000000000000 AND status <> N'removed';

  SELECT N'running' AS kind, worker_id, host_kind, COUNT(*) AS jobs
  FROM runsmith.jobs
  WHERE worker_id IS NOT NULL AND ended_at IS NULL
  GROUP BY worker_id, host_kind;
END;
GO

DROP PROCEDURE runsmith.ParkHeldJobs;
GO

CREATE PROCEDURE runsmith.ParkHeldJobs
  @runbook_id binary(16),
  @after binary(16),
  @limit int
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @seen TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @taken TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @parked TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @next binary(16);

  BEGIN TRANSACTION;

  UPDATE runsmith.runbooks SET active_jobs = active_jobs WHERE runbook_id = @runbook_id AND dispatch_held = 1;
  IF @@ROWCOUNT > 0
  BEGIN
    INSERT INTO @seen (job_id)
    SELECT TOP (@limit) job_id FROM runsmith.job_queue WITH (READPAST, READCOMMITTEDLOCK) WHERE job_id > @after ORDER BY job_id;
    IF (SELECT COUNT(*) FROM @seen) = @limit
      SET @next = (SELECT TOP (1) job_id FROM @seen ORDER BY job_id DESC);

    DELETE FROM runsmith.job_queue
    OUTPUT deleted.job_id INTO @taken
    WHERE job_id IN (
      SELECT s.job_id FROM @seen s JOIN runsmith.jobs j ON j.job_id = s.job_id WHERE j.runbook_id = @runbook_id);

    UPDATE runsmith.jobs SET parked = 1
    OUTPUT inserted.job_id INTO @parked
    WHERE job_id IN (SELECT job_id FROM @taken) AND status = N'New' AND parked = 0;

    UPDATE runsmith.runbooks SET active_jobs = active_jobs - (SELECT COUNT(*) FROM @parked)
    WHERE runbook_id = @runbook_id;
  END;

  COMMIT TRANSACTION;

  SELECT N'parked' AS kind, job_id FROM @parked;
  SELECT N'next' AS kind, @next AS job_id;
END;
GO
