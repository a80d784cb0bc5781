-- How attempts and jobs end, as procedures.
--
-- Of all procedures here: each is one transaction, or a part of its caller's. What a procedure did to jobs it tells in result sets whose
-- first column is `effect`. `@now` is the time to act at; the database's own when left out.
--
-- Many services write at once, so nothing here looks first and acts then. Who may act is decided by one conditional statement on one
-- row, which holds that row until the commit:
--   the open row of an attempt (`ended_at IS NULL`)   who ends an attempt, or stores its records
--   the row of a job in the queue, deleted once       who starts a job that waits, or ends it
--   `parked = 1` of a job                             who lets it into the queue, or ends it
--   the row of a runbook                              who takes, gives up or hands on a place under its concurrency limit
--   the row of a worker                               who gives it a job, renews its lease, or takes it as lost
-- Rows of parameters are copied into variables first, and rows are changed by statements without FROM: what such a statement changes, and
-- by what, is said in its WHERE and SET alone.
-- Rows are taken in the order workers, attempts, queue, jobs, runbooks. An acceptance under a concurrency rule has to begin with the runbook;
-- where it meets the end of the very job that it replaces, one of both is a deadlock's victim and done again.

CREATE FUNCTION runsmith.Seconds (@milliseconds bigint) RETURNS nvarchar(40)
AS
BEGIN
  RETURN CASE
    WHEN @milliseconds % 1000 = 0 THEN CONVERT(nvarchar(40), @milliseconds / 1000)
    ELSE LTRIM(RTRIM(CONVERT(nvarchar(40), CONVERT(float, @milliseconds) / 1000)))
  END;
END;
GO

-- DATEADD counts in int, which milliseconds leave after 24 days.
CREATE FUNCTION runsmith.Later (@time datetime2(3), @milliseconds bigint) RETURNS datetime2(3)
AS
BEGIN
  RETURN DATEADD(millisecond, CONVERT(int, @milliseconds % 1000), DATEADD(second, CONVERT(int, @milliseconds / 1000), @time));
END;
GO

CREATE TYPE runsmith.JobIds AS TABLE (
  job_id binary(16) NOT NULL PRIMARY KEY
);
GO

CREATE TYPE runsmith.WaitingEnds AS TABLE (
  job_id binary(16) NOT NULL PRIMARY KEY,
  reason nvarchar(max) NOT NULL
);
GO

CREATE TYPE runsmith.Places AS TABLE (
  runbook_id binary(16) NOT NULL PRIMARY KEY,
  places int NOT NULL
);
GO

-- `outcome`: Completed, Failed or Stopped with the `cause` that the worker told; Lost; Declined; or GivenUp: the worker does not end it.
-- `ended_at`: NULL means now. `message`: that of the exception.
CREATE TYPE runsmith.AttemptEnds AS TABLE (
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  worker_id binary(16) NOT NULL,
  outcome nvarchar(20) NOT NULL,
  cause nvarchar(20) NULL,
  ended_at datetime2(3) NULL,
  reason nvarchar(max) NULL,
  message nvarchar(max) NULL,
  exception nvarchar(max) NULL,
  result nvarchar(max) NULL,
  exit_code int NULL,
  PRIMARY KEY (job_id, attempt)
);
GO

-- Moves parked jobs of a runbook into the queue, oldest first, as far as its concurrency limit allows, and at most @limit; none while
-- dispatch of the runbook is held.
CREATE PROCEDURE runsmith.ReleaseParkedJobs
  @runbook_id binary(16),
  @limit int
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @rule TABLE (concurrency_limit int NULL, active_jobs int NOT NULL, held bit NOT NULL);
  DECLARE @freed TABLE (job_id binary(16) NOT NULL PRIMARY KEY, placement_id binary(16) NOT NULL, priority int NOT NULL, host_kind nvarchar(20) NOT NULL);
  DECLARE @tagged TABLE (job_id binary(16) NOT NULL PRIMARY KEY, placement_id binary(16) NOT NULL, rank int NOT NULL, tag bigint NOT NULL);
  DECLARE @room int;

  BEGIN TRANSACTION;

  -- Takes the runbook's row: until the commit nobody else takes or gives up a place.
  UPDATE runsmith.runbooks SET active_jobs = active_jobs
  OUTPUT inserted.concurrency_limit, inserted.active_jobs, inserted.dispatch_held INTO @rule
  WHERE runbook_id = @runbook_id;

  SELECT @room = CASE
      WHEN held = 1 THEN 0
      WHEN concurrency_limit IS NULL OR concurrency_limit - active_jobs > @limit THEN @limit
      ELSE concurrency_limit - active_jobs
    END
  FROM @rule;

  IF @room > 0
  BEGIN
    UPDATE runsmith.jobs SET parked = 0
    OUTPUT inserted.job_id, inserted.placement_id, inserted.priority, inserted.host_kind INTO @freed
    WHERE parked = 1 AND job_id IN (
      SELECT TOP (@room) p.job_id FROM runsmith.jobs p
      WHERE p.workspace_id = 0x00000000000000000000000000000000 AND p.runbook_id = @runbook_id AND p.parked = 1
      ORDER BY p.job_id);

    INSERT INTO @tagged (job_id, placement_id, rank, tag)
    SELECT f.job_id, f.placement_id, -f.priority,
      CASE WHEN COALESCE(t.tag, 0) + 1 > COALESCE(p.tag, 0) THEN COALESCE(t.tag, 0) + 1 ELSE p.tag END - 1
        + ROW_NUMBER() OVER (PARTITION BY f.placement_id, f.priority ORDER BY f.job_id)
    FROM @freed f
    LEFT JOIN runsmith.runbook_tags t ON t.runbook_id = @runbook_id AND t.placement_id = f.placement_id AND t.rank = -f.priority
    LEFT JOIN runsmith.queue_positions p ON p.placement_id = f.placement_id AND p.rank = -f.priority;

    UPDATE runsmith.runbook_tags
    SET tag = (SELECT MAX(n.tag) FROM @tagged n WHERE n.placement_id = runbook_tags.placement_id AND n.rank = runbook_tags.rank)
    WHERE runbook_id = @runbook_id
      AND EXISTS (SELECT 1 FROM @tagged n WHERE n.placement_id = runbook_tags.placement_id AND n.rank = runbook_tags.rank);

    INSERT INTO runsmith.runbook_tags (runbook_id, placement_id, rank, tag)
    SELECT @runbook_id, n.placement_id, n.rank, MAX(n.tag)
    FROM @tagged n
    WHERE NOT EXISTS (
      SELECT 1 FROM runsmith.runbook_tags t
      WHERE t.runbook_id = @runbook_id AND t.placement_id = n.placement_id AND t.rank = n.rank)
    GROUP BY n.placement_id, n.rank;

    INSERT INTO runsmith.job_queue (placement_id, rank, tag, job_id)
    SELECT placement_id, rank, tag, job_id FROM @tagged;

    UPDATE runsmith.runbooks SET active_jobs = active_jobs + (SELECT COUNT(*) FROM @freed)
    WHERE runbook_id = @runbook_id;
  END;

  COMMIT TRANSACTION;

  SELECT N'released' AS effect, job_id, placement_id, host_kind FROM @freed ORDER BY job_id;
END;
GO

-- Gives up places under the concurrency limits of runbooks, and lets the next jobs in.
CREATE PROCEDURE runsmith.GiveUpPlaces
  @places runsmith.Places READONLY,
  @release_limit int
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @given TABLE (runbook_id binary(16) NOT NULL PRIMARY KEY, places int NOT NULL);
  DECLARE @runbook_id binary(16) = 0x00000000000000000000000000000000;

  BEGIN TRANSACTION;

  INSERT INTO @given (runbook_id, places) SELECT runbook_id, places FROM @places;

  UPDATE runsmith.runbooks
  SET active_jobs = (
    SELECT CASE WHEN runbooks.active_jobs > g.places THEN runbooks.active_jobs - g.places ELSE 0 END
    FROM @given g WHERE g.runbook_id = runbooks.runbook_id)
  WHERE runbook_id IN (SELECT runbook_id FROM @given);

  WHILE @runbook_id IS NOT NULL
  BEGIN
    SET @runbook_id = (
      SELECT TOP (1) g.runbook_id FROM @given g
      WHERE g.runbook_id > @runbook_id AND EXISTS (
        SELECT 1 FROM runsmith.jobs j
        WHERE j.workspace_id = 0x00000000000000000000000000000000 AND j.runbook_id = g.runbook_id AND j.parked = 1)
      ORDER BY g.runbook_id);
    IF @runbook_id IS NOT NULL
      EXECUTE runsmith.ReleaseParkedJobs @runbook_id, @release_limit;
  END;

  COMMIT TRANSACTION;
END;
GO

-- Ends jobs that no worker has. One that a worker has got, or that has moved between parking place and queue, meanwhile is left alone.
CREATE PROCEDURE runsmith.EndWaitingJobs
  @jobs runsmith.WaitingEnds READONLY,
  @status nvarchar(20),
  @requested_by nvarchar(256),
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @waiting TABLE (job_id binary(16) NOT NULL PRIMARY KEY, reason nvarchar(max) NOT NULL);
  DECLARE @dequeued TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @ended TABLE (job_id binary(16) NOT NULL PRIMARY KEY, runbook_id binary(16) NOT NULL);
  DECLARE @places runsmith.Places;

  BEGIN TRANSACTION;

  INSERT INTO @waiting (job_id, reason) SELECT job_id, reason FROM @jobs;

  DELETE FROM runsmith.job_queue
  OUTPUT deleted.job_id INTO @dequeued
  WHERE job_id IN (SELECT job_id FROM @waiting);

  UPDATE runsmith.jobs SET status = @status, parked = 0, ended_at = @now,
    status_reason = (SELECT w.reason FROM @waiting w WHERE w.job_id = jobs.job_id),
    stop_requested_at = CASE WHEN @requested_by IS NULL THEN stop_requested_at ELSE @now END,
    stop_requested_by = COALESCE(@requested_by, stop_requested_by)
  OUTPUT inserted.job_id, inserted.runbook_id INTO @ended
  WHERE job_id IN (SELECT job_id FROM @waiting) AND status = N'New'
    AND (parked = 1 OR job_id IN (SELECT job_id FROM @dequeued));

  IF @status = N'Failed' AND EXISTS (SELECT 1 FROM runsmith.notice_rules WHERE enabled = 1)
    INSERT INTO runsmith.notice_events (happened_at, subject_id, event) SELECT @now, job_id, N'job-missed' FROM @ended;

  INSERT INTO @places (runbook_id, places)
  SELECT e.runbook_id, COUNT(*) FROM @ended e JOIN @dequeued d ON d.job_id = e.job_id GROUP BY e.runbook_id;

  IF EXISTS (SELECT 1 FROM @places)
    EXECUTE runsmith.GiveUpPlaces @places, @release_limit;

  COMMIT TRANSACTION;

  SELECT N'ended' AS effect, job_id, @status AS status FROM @ended ORDER BY job_id;
END;
GO

-- Ends attempts, and decides what that means for their jobs (the rules are those of src/store/sqlite/jobs-end.ts). Nothing happens with
-- an attempt that is over.
CREATE PROCEDURE runsmith.CompleteJobs
  @ends runsmith.AttemptEnds READONLY,
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @ending TABLE (
    job_id binary(16) NOT NULL, attempt int NOT NULL, worker_id binary(16) NOT NULL, outcome nvarchar(20) NOT NULL, cause nvarchar(20) NULL,
    ended_at datetime2(3) NOT NULL, reason nvarchar(max) NULL, message nvarchar(max) NULL, exception nvarchar(max) NULL,
    result nvarchar(max) NULL, exit_code int NULL, PRIMARY KEY (job_id, attempt));
  DECLARE @closed TABLE (job_id binary(16) NOT NULL PRIMARY KEY, attempt int NOT NULL);
  DECLARE @open TABLE (
    job_id binary(16) NOT NULL PRIMARY KEY, runbook_id binary(16) NOT NULL, placement_id binary(16) NOT NULL,
    priority int NOT NULL, host_kind nvarchar(20) NOT NULL, attempt int NOT NULL, worker_id binary(16) NULL,
    status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
    lost_attempts int NOT NULL, failed_attempts int NOT NULL, max_attempts int NOT NULL, max_retries int NOT NULL,
    time_limit bigint NULL, stop_requested_by nvarchar(256) NULL);
  DECLARE @settled TABLE (
    job_id binary(16) NOT NULL PRIMARY KEY, attempt int NOT NULL, outcome nvarchar(20) NOT NULL, ended_at datetime2(3) NOT NULL,
    attempt_reason nvarchar(max) NULL, status nvarchar(20) NOT NULL, reason nvarchar(max) NULL, lost int NOT NULL, failed int NOT NULL);
  DECLARE @places runsmith.Places;

  BEGIN TRANSACTION;

  INSERT INTO @ending (job_id, attempt, worker_id, outcome, cause, ended_at, reason, message, exception, result, exit_code)
  SELECT job_id, attempt, worker_id, outcome, cause, COALESCE(ended_at, @now), reason, message, exception, result, exit_code FROM @ends;

  -- Of all who want to end an attempt, one does.
  UPDATE runsmith.job_attempts SET
    ended_at = (SELECT e.ended_at FROM @ending e WHERE e.job_id = job_attempts.job_id AND e.attempt = job_attempts.attempt),
    outcome = (SELECT e.outcome FROM @ending e WHERE e.job_id = job_attempts.job_id AND e.attempt = job_attempts.attempt)
  OUTPUT inserted.job_id, inserted.attempt INTO @closed
  WHERE ended_at IS NULL AND EXISTS (
    SELECT 1 FROM @ending e
    WHERE e.job_id = job_attempts.job_id AND e.attempt = job_attempts.attempt AND e.worker_id = job_attempts.worker_id);

  IF EXISTS (SELECT 1 FROM @closed)
  BEGIN
    -- Takes the jobs' rows, so that what is decided by them stays true until the commit.
    UPDATE runsmith.jobs SET attempt = attempt
    OUTPUT inserted.job_id, inserted.runbook_id, inserted.placement_id, inserted.priority, inserted.host_kind, inserted.attempt,
      inserted.worker_id, inserted.status, inserted.lost_attempts, inserted.failed_attempts, inserted.max_attempts,
      inserted.max_retries, inserted.time_limit, inserted.stop_requested_by
    INTO @open
    WHERE ended_at IS NULL AND EXISTS (SELECT 1 FROM @closed c WHERE c.job_id = jobs.job_id AND c.attempt = jobs.attempt);

    INSERT INTO @settled (job_id, attempt, outcome, ended_at, attempt_reason, status, reason, lost, failed)
    SELECT d.job_id, d.attempt, d.outcome, d.ended_at, d.described, d.status,
      CASE
        WHEN d.status <> N'New' THEN
          CASE
            WHEN d.stopping = 0 OR d.outcome NOT IN (N'Lost', N'Declined') THEN d.described
            WHEN d.outcome = N'Lost' THEN d.stopped_by + N'; ' + d.described
            ELSE d.stopped_by
          END
        WHEN d.outcome <> N'Declined' THEN
          N'waits for another attempt; attempt ' + CONVERT(nvarchar(20), d.attempt) + N': ' + COALESCE(d.described, d.message, N'its script failed')
      END,
      CASE WHEN d.status = N'New' AND d.outcome <> N'Declined' AND d.gone = 1 THEN 1 ELSE 0 END,
      CASE WHEN d.status = N'New' AND d.gone = 0 THEN 1 ELSE 0 END
    FROM (
      SELECT c.*,
        CASE
          WHEN c.gone = 1 AND c.stopping = 1 THEN N'Stopped'
          WHEN c.outcome = N'Declined' OR (c.gone = 1 AND COALESCE(c.cause, N'') <> N'worker-error' AND c.lost_attempts + 1 < c.max_attempts)
            OR (c.outcome = N'Failed' AND c.cause = N'script' AND c.stopping = 0 AND c.failed_attempts < c.max_retries) THEN N'New'
          WHEN c.outcome = N'Lost' THEN N'Failed'
          ELSE c.outcome
        END AS status,
        CASE c.cause
          WHEN N'script' THEN NULL
          WHEN N'stopped' THEN c.stopped_by
          WHEN N'time-limit' THEN
            CASE WHEN c.time_limit IS NULL THEN N'ended by its time limit'
              ELSE N'ended by its time limit of ' + runsmith.Seconds(c.time_limit) + N' s' END
          WHEN N'host-lost' THEN N'its host process was lost' + COALESCE(N': ' + c.message, N'')
          WHEN N'worker-error' THEN N'its worker could not run it' + COALESCE(N': ' + c.message, N'')
          WHEN N'output-limit' THEN N'ended by its output limit' + COALESCE(N': ' + c.message, N'')
          ELSE c.reason
        END AS described
      FROM (
        SELECT o.job_id, o.attempt, CASE WHEN o.status = N'Stopping' THEN 1 ELSE 0 END AS stopping, o.lost_attempts, o.failed_attempts, o.max_attempts, o.max_retries, o.time_limit,
          CASE WHEN o.stop_requested_by IS NULL THEN N'stopped' ELSE N'stopped by ' + o.stop_requested_by END AS stopped_by, e.message, e.ended_at,
          CASE WHEN e.outcome <> N'GivenUp' THEN e.outcome WHEN o.status = N'Stopping' THEN N'Lost' ELSE N'Failed' END AS outcome,
          CASE WHEN e.outcome <> N'GivenUp' THEN e.cause WHEN o.status <> N'Stopping' THEN N'time-limit' END AS cause,
          CASE WHEN e.outcome = N'GivenUp' THEN N'its worker did not end it' ELSE e.reason END AS reason,
          CASE
            WHEN e.outcome IN (N'Lost', N'Declined') OR e.cause IN (N'host-lost', N'worker-error') THEN 1
            WHEN e.outcome = N'GivenUp' AND o.status = N'Stopping' THEN 1
            ELSE 0
          END AS gone
        FROM @open o JOIN @ending e ON e.job_id = o.job_id AND e.attempt = o.attempt
      ) c
    ) d;

    UPDATE runsmith.job_attempts SET
      outcome = (SELECT s.outcome FROM @settled s WHERE s.job_id = job_attempts.job_id AND s.attempt = job_attempts.attempt),
      reason = (SELECT s.attempt_reason FROM @settled s WHERE s.job_id = job_attempts.job_id AND s.attempt = job_attempts.attempt)
    WHERE EXISTS (
      SELECT 1 FROM @settled s
      WHERE s.job_id = job_attempts.job_id AND s.attempt = job_attempts.attempt
        AND (s.attempt_reason IS NOT NULL OR s.outcome <> job_attempts.outcome));

    UPDATE runsmith.jobs SET lost_at = NULL, lost_wait = NULL,
      status = (SELECT s.status FROM @settled s WHERE s.job_id = jobs.job_id),
      ended_at = (SELECT s.ended_at FROM @settled s WHERE s.job_id = jobs.job_id),
      status_reason = (SELECT s.reason FROM @settled s WHERE s.job_id = jobs.job_id),
      exception = (SELECT e.exception FROM @ending e WHERE e.job_id = jobs.job_id AND e.attempt = jobs.attempt),
      result = (SELECT e.result FROM @ending e WHERE e.job_id = jobs.job_id AND e.attempt = jobs.attempt),
      exit_code = (SELECT e.exit_code FROM @ending e WHERE e.job_id = jobs.job_id AND e.attempt = jobs.attempt)
    WHERE job_id IN (SELECT job_id FROM @settled WHERE status <> N'New');

    IF EXISTS (SELECT 1 FROM @settled WHERE status = N'Failed') AND EXISTS (SELECT 1 FROM runsmith.notice_rules WHERE enabled = 1)
      INSERT INTO runsmith.notice_events (happened_at, subject_id, event)
      SELECT @now, job_id, N'job-failed' FROM @settled WHERE status = N'Failed';

    IF EXISTS (SELECT 1 FROM @settled WHERE status = N'New')
    BEGIN
      UPDATE runsmith.jobs SET status = N'New', worker_id = NULL, claimed_at = NULL, first_record_at = NULL, sandbox = NULL,
        isolation = NULL, lost_at = NULL, lost_wait = NULL,
        lost_attempts = lost_attempts + (SELECT s.lost FROM @settled s WHERE s.job_id = jobs.job_id),
        failed_attempts = failed_attempts + (SELECT s.failed FROM @settled s WHERE s.job_id = jobs.job_id),
        status_reason = (SELECT s.reason FROM @settled s WHERE s.job_id = jobs.job_id),
        start_deadline_at = CASE WHEN host_ready_at IS NULL THEN start_deadline_at END,
        host_ready_at = NULL
      WHERE job_id IN (SELECT job_id FROM @settled WHERE status = N'New');

      -- They have waited once, so they go to the front.
      INSERT INTO runsmith.job_queue (placement_id, rank, tag, job_id)
      SELECT o.placement_id, -o.priority, COALESCE(p.tag, 0), o.job_id
      FROM @settled s JOIN @open o ON o.job_id = s.job_id
      LEFT JOIN runsmith.queue_positions p ON p.placement_id = o.placement_id AND p.rank = -o.priority
      WHERE s.status = N'New';
    END;

    INSERT INTO @places (runbook_id, places)
    SELECT o.runbook_id, COUNT(*) FROM @settled s JOIN @open o ON o.job_id = s.job_id
    WHERE s.status <> N'New' GROUP BY o.runbook_id;

    IF EXISTS (SELECT 1 FROM @places)
      EXECUTE runsmith.GiveUpPlaces @places, @release_limit;
  END;

  COMMIT TRANSACTION;

  SELECT N'settled' AS effect, s.job_id, s.attempt, o.worker_id, s.status, o.placement_id, o.host_kind
  FROM @settled s JOIN @open o ON o.job_id = s.job_id
  ORDER BY s.job_id;
END;
GO
