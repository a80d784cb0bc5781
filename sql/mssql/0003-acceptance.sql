-- How jobs are accepted, as procedures. See 0002-job-ends.sql for what all procedures have in common.

-- Ends what a newer request replaces: everything parked, and the oldest active jobs beyond the limit. The caller holds the runbook's row.
CREATE PROCEDURE runsmith.ReplaceJobs
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
  DECLARE @active TABLE (number int NOT NULL PRIMARY KEY, job_id binary(16) NOT NULL, waiting bit NOT NULL);
  DECLARE @stopping TABLE (job_id binary(16) NOT NULL PRIMARY KEY, attempt int NOT NULL, worker_id binary(16) NOT NULL);
  DECLARE @rule nvarchar(256) = N'the runbook''s concurrency rule';
  DECLARE @count int;

  BEGIN TRANSACTION;

  INSERT INTO @parked (job_id, reason)
  SELECT job_id, @reason FROM runsmith.jobs
  WHERE workspace_id = 0x00000000000000000000000000000000 AND runbook_id = @runbook_id AND parked = 1;
  IF EXISTS (SELECT 1 FROM @parked)
    EXECUTE runsmith.EndWaitingJobs @parked, N'Stopped', NULL, @release_limit, @now;

  IF EXISTS (SELECT 1 FROM runsmith.runbooks WHERE runbook_id = @runbook_id AND active_jobs >= @limit)
  BEGIN
    -- By status and not by runbook: there are few open jobs, however long the runbook's history is.
    INSERT INTO @active (number, job_id, waiting)
    SELECT ROW_NUMBER() OVER (ORDER BY job_id), job_id, CASE WHEN status = N'New' THEN 1 ELSE 0 END
    FROM runsmith.jobs
    WHERE workspace_id = 0x00000000000000000000000000000000
      AND status IN (N'New', N'Activating', N'Running', N'Suspended', N'Suspending', N'Resuming')
      AND runbook_id = @runbook_id AND parked = 0;
    SET @count = (SELECT COUNT(*) FROM @active);

    INSERT INTO @queued (job_id, reason)
    SELECT job_id, @reason FROM @active WHERE waiting = 1 AND number <= @count - @limit + 1;
    IF EXISTS (SELECT 1 FROM @queued)
      EXECUTE runsmith.EndWaitingJobs @queued, N'Stopped', @rule, @release_limit, @now;

    UPDATE runsmith.jobs SET status = N'Stopping', status_reason = @reason, stop_requested_at = COALESCE(stop_requested_at, @now),
      stop_requested_by = COALESCE(stop_requested_by, @rule)
    OUTPUT inserted.job_id, inserted.attempt, inserted.worker_id INTO @stopping
    WHERE job_id IN (SELECT job_id FROM @active WHERE number <= @count - @limit + 1)
      AND worker_id IS NOT NULL AND ended_at IS NULL AND status <> N'Stopping';
  END;

  COMMIT TRANSACTION;

  SELECT N'stopping' AS effect, job_id, attempt, worker_id, @reason AS reason FROM @stopping ORDER BY job_id;
END;
GO

-- Accepts a job as it was made of its runbook's settings, if those are still of that revision. `outcome` is one of
--   accepted    with `parked_behind` (NULL when it is in the queue) and `accepted_at`
--   repeated    the request came before: with the `result` that is kept, or none when the job itself is there already
--   reused      the key came with another request before
--   stale       the runbook has another revision or version, is disabled or gone: nothing was done
--   refused     by the concurrency rule: with `concurrency_limit`
CREATE PROCEDURE runsmith.AcceptJob
  @job_id binary(16),
  @runbook_id binary(16),
  @revision int,
  @runbook_name nvarchar(256),
  @runbook_kind nvarchar(40),
  @version_id binary(16),
  @version_number int,
  @draft bit,
  @placement_id binary(16),
  @worker_group nvarchar(128),
  @priority int,
  @host_kind nvarchar(20),
  @max_attempts int,
  @max_retries int,
  @grants nvarchar(max),
  @time_limit bigint,
  @start_deadline bigint,
  @stop_grace bigint,
  @output_limit bigint,
  @log_switches int,
  @host_reuse nvarchar(20),
  @started_by nvarchar(256),
  @starter_id binary(16),
  @retry_of binary(16),
  @parameters nvarchar(max),
  @secret_names nvarchar(max),
  @principal_id binary(16),
  @key nvarchar(256),
  @request_hash binary(32),
  @result nvarchar(max),
  @replace_reason nvarchar(200),
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @placed TABLE (runbook_id binary(16) NOT NULL);
  DECLARE @rule TABLE (concurrency_limit int NULL, policy nvarchar(20) NOT NULL, held bit NOT NULL);
  DECLARE @tagged TABLE (tag bigint NOT NULL);
  DECLARE @kept_hash binary(32);
  DECLARE @kept_result nvarchar(max);
  DECLARE @limit int;
  DECLARE @active int;
  DECLARE @policy nvarchar(20);
  DECLARE @held bit;
  DECLARE @parked bit = 0;
  DECLARE @parked_behind int;
  DECLARE @position bigint;

  BEGIN TRANSACTION;

  IF @key IS NOT NULL
  BEGIN
    SELECT @kept_hash = request_hash, @kept_result = result FROM runsmith.idempotency_keys
    WHERE workspace_id = 0x00000000000000000000000000000000 AND principal_id = @principal_id AND [key] = @key;
    IF @kept_hash <> @request_hash OR @kept_result IS NOT NULL
    BEGIN
      COMMIT TRANSACTION;
      SELECT CASE WHEN @kept_hash <> @request_hash THEN N'reused' ELSE N'repeated' END AS outcome,
        CASE WHEN @kept_hash = @request_hash THEN @kept_result END AS result;
      RETURN;
    END;
  END;

  -- Asked again since the connection broke in its commit.
  IF EXISTS (SELECT 1 FROM runsmith.jobs WHERE job_id = @job_id)
  BEGIN
    COMMIT TRANSACTION;
    SELECT N'repeated' AS outcome, CONVERT(nvarchar(max), NULL) AS result;
    RETURN;
  END;

  -- Each of both holds the runbook's row until the commit, so that places are counted by one at a time.
  UPDATE runsmith.runbooks SET active_jobs = active_jobs + 1
  OUTPUT inserted.runbook_id INTO @placed
  WHERE runbook_id = @runbook_id AND revision = @revision AND enabled = 1 AND concurrency_limit IS NULL AND dispatch_held = 0
    AND @version_id = CASE @draft WHEN 1 THEN draft_version_id ELSE published_version_id END;

  IF NOT EXISTS (SELECT 1 FROM @placed)
  BEGIN
    UPDATE runsmith.runbooks SET active_jobs = active_jobs
    OUTPUT inserted.concurrency_limit, inserted.concurrency_policy, inserted.dispatch_held INTO @rule
    WHERE runbook_id = @runbook_id AND revision = @revision AND enabled = 1
      AND @version_id = CASE @draft WHEN 1 THEN draft_version_id ELSE published_version_id END;
    IF NOT EXISTS (SELECT 1 FROM @rule)
    BEGIN
      COMMIT TRANSACTION;
      SELECT N'stale' AS outcome;
      RETURN;
    END;
    SELECT @limit = concurrency_limit, @policy = policy, @held = held FROM @rule;
    SET @parked = @held;

    IF @limit IS NOT NULL AND @policy = N'replace'
    BEGIN
      EXECUTE runsmith.ReplaceJobs @runbook_id, @limit, @replace_reason, @release_limit, @now;
      SET @active = (SELECT active_jobs FROM runsmith.runbooks WHERE runbook_id = @runbook_id);
      IF @active >= @limit SET @parked = 1;
    END
    ELSE IF @limit IS NOT NULL
    BEGIN
      -- Jobs that were parked under an earlier setting, or a hold, come first.
      IF (SELECT active_jobs FROM runsmith.runbooks WHERE runbook_id = @runbook_id) < @limit
        EXECUTE runsmith.ReleaseParkedJobs @runbook_id, @release_limit;
      SET @active = (SELECT active_jobs FROM runsmith.runbooks WHERE runbook_id = @runbook_id);
      IF @active < @limit
        SET @active = @active + (
          SELECT COUNT(*) FROM (
            SELECT TOP (@limit - @active) job_id FROM runsmith.jobs
            WHERE workspace_id = 0x00000000000000000000000000000000 AND runbook_id = @runbook_id AND parked = 1
            ORDER BY job_id) p);
      IF @active >= @limit AND @policy = N'refuse'
      BEGIN
        COMMIT TRANSACTION;
        SELECT N'refused' AS outcome, @limit AS concurrency_limit;
        RETURN;
      END;
      IF @active >= @limit SET @parked = 1;
    END;

    IF @parked = 0
      UPDATE runsmith.runbooks SET active_jobs = active_jobs + 1 WHERE runbook_id = @runbook_id;
  END;

  INSERT INTO runsmith.jobs (workspace_id, job_id, runbook_id, runbook_name, runbook_kind, version_id, version_number, draft, status,
    parked, placement_id, worker_group, priority, host_kind, max_attempts, max_retries, grants, time_limit, stop_grace, output_limit,
    log_switches, host_reuse, started_by, starter_id, accepted_at, start_deadline_at, retry_of)
  VALUES (0x00000000000000000000000000000000, @job_id, @runbook_id, @runbook_name, @runbook_kind, @version_id, @version_number, @draft,
    N'New', @parked, @placement_id, @worker_group, @priority, @host_kind, @max_attempts, @max_retries, @grants, @time_limit,
    @stop_grace, @output_limit, @log_switches, @host_reuse, @started_by, @starter_id, @now,
    runsmith.Later(@now, @start_deadline), @retry_of);

  INSERT INTO runsmith.job_parameters (job_id, parameters, secret_names) VALUES (@job_id, @parameters, @secret_names);

  IF @parked = 1
    SET @parked_behind =
      (SELECT active_jobs FROM runsmith.runbooks WHERE runbook_id = @runbook_id)
      + (SELECT COUNT(*) FROM (
           SELECT TOP (1000) job_id FROM runsmith.jobs
           WHERE workspace_id = 0x00000000000000000000000000000000 AND runbook_id = @runbook_id AND parked = 1 AND job_id < @job_id
           ORDER BY job_id) o);
  ELSE
  BEGIN
    SET @position = COALESCE((
      SELECT tag FROM runsmith.queue_positions WHERE placement_id = @placement_id AND rank = -@priority), 1);
    UPDATE runsmith.runbook_tags SET tag = CASE WHEN tag + 1 > @position THEN tag + 1 ELSE @position END
    OUTPUT inserted.tag INTO @tagged
    WHERE runbook_id = @runbook_id AND placement_id = @placement_id AND rank = -@priority;
    IF NOT EXISTS (SELECT 1 FROM @tagged)
    BEGIN
      INSERT INTO runsmith.runbook_tags (runbook_id, placement_id, rank, tag) VALUES (@runbook_id, @placement_id, -@priority, @position);
      INSERT INTO @tagged (tag) VALUES (@position);
    END;
    INSERT INTO runsmith.job_queue (placement_id, rank, tag, job_id)
    SELECT @placement_id, -@priority, tag, @job_id FROM @tagged;
  END;

  IF @key IS NOT NULL
  BEGIN
    SET @result = JSON_MODIFY(@result, '$.acceptedAt', DATEDIFF_BIG(millisecond, CONVERT(datetime2(3), '1970-01-01'), @now));
    IF @parked = 1
      SET @result = JSON_MODIFY(@result, '$.parkedBehind', @parked_behind);
    -- Of two that come at once with one key, the key lets one in; the other's acceptance is undone, and asked again it is repeated.
    IF @kept_hash IS NULL
      INSERT INTO runsmith.idempotency_keys (workspace_id, principal_id, [key], request_hash, result, created_at)
      VALUES (0x00000000000000000000000000000000, @principal_id, @key, @request_hash, @result, @now);
    ELSE
      UPDATE runsmith.idempotency_keys SET result = @result
      WHERE workspace_id = 0x00000000000000000000000000000000 AND principal_id = @principal_id AND [key] = @key;
  END;

  COMMIT TRANSACTION;

  SELECT N'accepted' AS outcome, @parked_behind AS parked_behind, @now AS accepted_at;
END;
GO

-- Jobs whose start deadline has passed, the longest first; `allowed`: milliseconds.
CREATE PROCEDURE runsmith.ReadOverdueJobs
  @limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  SELECT TOP (@limit) job_id, DATEDIFF_BIG(millisecond, accepted_at, start_deadline_at) AS allowed
  FROM runsmith.jobs
  WHERE start_deadline_at < @now AND start_deadline_at IS NOT NULL AND status = N'New'
  ORDER BY start_deadline_at;
END;
GO
