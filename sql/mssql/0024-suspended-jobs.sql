-- Oldest program: 18
-- See 0002-job-ends.sql for what all procedures have in common.

-- Suspended jobs of a runbook, of which there may be many: what replaces the oldest need not look at all of them.
CREATE INDEX jobs_suspended ON runsmith.jobs (workspace_id, runbook_id, job_id) WHERE status = N'Suspended';
GO

-- Ends attempts, and decides what that means for their jobs (the rules are those of src/store/sqlite/jobs-end.ts). Nothing happens with
-- an attempt that is over. A job that was to be suspended is so in place of getting another attempt.
DROP PROCEDURE runsmith.CompleteJobs;
GO

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
        WHEN d.outcome <> N'Declined' OR d.suspending = 1 THEN
          N'waits ' + CASE WHEN d.suspending = 1 THEN N'to be resumed' ELSE N'for another attempt' END + N'; attempt '
            + CONVERT(nvarchar(20), d.attempt) + N': ' + COALESCE(d.described, d.message, N'its script failed')
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
        SELECT o.job_id, o.attempt, CASE WHEN o.status = N'Stopping' THEN 1 ELSE 0 END AS stopping,
          CASE WHEN o.status = N'Suspending' THEN 1 ELSE 0 END AS suspending, o.lost_attempts, o.failed_attempts, o.max_attempts, o.max_retries, o.time_limit,
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
      UPDATE runsmith.jobs SET status = CASE status WHEN N'Suspending' THEN N'Suspended' ELSE N'New' END, worker_id = NULL, claimed_at = NULL, first_record_at = NULL, sandbox = NULL,
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
      WHERE s.status = N'New' AND o.status <> N'Suspending';
    END;

    INSERT INTO @places (runbook_id, places)
    SELECT o.runbook_id, COUNT(*) FROM @settled s JOIN @open o ON o.job_id = s.job_id
    WHERE s.status <> N'New' GROUP BY o.runbook_id;

    IF EXISTS (SELECT 1 FROM @places)
      EXECUTE runsmith.GiveUpPlaces @places, @release_limit;
  END;

  COMMIT TRANSACTION;

  SELECT N'settled' AS effect, s.job_id, s.attempt, o.worker_id,
    CASE WHEN s.status = N'New' AND o.status = N'Suspending' THEN N'Suspended' ELSE s.status END AS status, o.placement_id, o.host_kind
  FROM @settled s JOIN @open o ON o.job_id = s.job_id
  ORDER BY s.job_id;
END;
GO

-- Ends what a newer request replaces: everything parked, and the oldest active jobs beyond the limit. The caller holds the runbook's row.
ALTER PROCEDURE runsmith.ReplaceJobs
  @runbook_id binary(16),
  @limit int,
  @reason nvarchar(max),
  @release_limit int,
  @now datetime2(3)
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @parked runsmith.WaitingEnds;
  DECLARE @queued runsmith.WaitingEnds;
  DECLARE @active TABLE (job_id binary(16) NOT NULL PRIMARY KEY, status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL);
  DECLARE @oldest TABLE (job_id binary(16) NOT NULL PRIMARY KEY, status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL);
  DECLARE @replaced TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @places runsmith.Places;
  DECLARE @stopping TABLE (job_id binary(16) NOT NULL PRIMARY KEY, attempt int NOT NULL, worker_id binary(16) NOT NULL);
  DECLARE @rule nvarchar(256) = N'the runbook''s concurrency rule';
  DECLARE @excess int;

  BEGIN TRANSACTION;

  INSERT INTO @parked (job_id, reason)
  SELECT job_id, @reason FROM runsmith.jobs
  WHERE workspace_id = 0x00000000000000000000000000000000 AND runbook_id = @runbook_id AND parked = 1;
  IF EXISTS (SELECT 1 FROM @parked)
    EXECUTE runsmith.EndWaitingJobs @parked, N'Stopped', NULL, @release_limit, @now;

  IF EXISTS (SELECT 1 FROM runsmith.runbooks WHERE runbook_id = @runbook_id AND active_jobs >= @limit)
  BEGIN
    -- By status and not by runbook: few jobs are open, however long the runbook's history is, but for suspended ones.
    SET @excess = (SELECT active_jobs FROM runsmith.runbooks WHERE runbook_id = @runbook_id) - @limit + 1 - (
      SELECT COUNT(*) FROM runsmith.jobs
      WHERE workspace_id = 0x00000000000000000000000000000000 AND status = N'Stopping' AND runbook_id = @runbook_id);
    IF @excess < 0 SET @excess = 0;
    INSERT INTO @active (job_id, status)
    SELECT TOP (@excess) job_id, status FROM runsmith.jobs
    WHERE workspace_id = 0x00000000000000000000000000000000
      AND status IN (N'New', N'Activating', N'Running', N'Suspending', N'Resuming')
      AND runbook_id = @runbook_id AND parked = 0
    ORDER BY job_id;
    INSERT INTO @active (job_id, status)
    SELECT TOP (@excess) job_id, status FROM runsmith.jobs
    WHERE workspace_id = 0x00000000000000000000000000000000 AND runbook_id = @runbook_id AND status = N'Suspended'
    ORDER BY job_id;
    INSERT INTO @oldest (job_id, status) SELECT TOP (@excess) job_id, status FROM @active ORDER BY job_id;

    INSERT INTO @queued (job_id, reason)
    SELECT job_id, @reason FROM @oldest WHERE status = N'New';
    IF EXISTS (SELECT 1 FROM @queued)
      EXECUTE runsmith.EndWaitingJobs @queued, N'Stopped', @rule, @release_limit, @now;

    UPDATE runsmith.jobs SET status = N'Stopping', status_reason = @reason, stop_requested_at = COALESCE(stop_requested_at, @now),
      stop_requested_by = COALESCE(stop_requested_by, @rule)
    OUTPUT inserted.job_id, inserted.attempt, inserted.worker_id INTO @stopping
    WHERE job_id IN (SELECT job_id FROM @oldest)
      AND worker_id IS NOT NULL AND ended_at IS NULL AND status <> N'Stopping';

    UPDATE runsmith.jobs SET status = N'Stopped', status_reason = @reason, ended_at = @now, stop_requested_at = COALESCE(stop_requested_at, @now),
      stop_requested_by = COALESCE(stop_requested_by, @rule)
    OUTPUT inserted.job_id INTO @replaced
    WHERE job_id IN (SELECT job_id FROM @oldest WHERE status = N'Suspended') AND status = N'Suspended';

    INSERT INTO @places (runbook_id, places) SELECT @runbook_id, COUNT(*) FROM @replaced HAVING COUNT(*) > 0;
    IF EXISTS (SELECT 1 FROM @places)
      EXECUTE runsmith.GiveUpPlaces @places, @release_limit;
  END;

  COMMIT TRANSACTION;

  SELECT N'ended' AS effect, job_id, N'Stopped' AS status FROM @replaced ORDER BY job_id;
  SELECT N'stopping' AS effect, job_id, attempt, worker_id, @reason AS reason FROM @stopping ORDER BY job_id;
END;
GO
