-- Oldest program: 18
-- Runbooks that start others. The job that started a job, a hash of which of its calls did (so that a repeated attempt finds the job that is there
-- already), and whether the job is stopped with it.
ALTER TABLE runsmith.jobs ADD parent_job_id binary(16) NULL;
ALTER TABLE runsmith.jobs ADD parent_call binary(16) NULL;
ALTER TABLE runsmith.jobs ADD stop_with_parent bit NOT NULL CONSTRAINT df_jobs_stop_with_parent DEFAULT 0;
GO

CREATE UNIQUE INDEX jobs_by_parent_call ON runsmith.jobs (parent_job_id, parent_call) WHERE parent_job_id IS NOT NULL;
CREATE INDEX jobs_by_parent ON runsmith.jobs (parent_job_id, job_id) WHERE parent_job_id IS NOT NULL;
CREATE INDEX jobs_stopped_with_parent ON runsmith.jobs (job_id) WHERE stop_with_parent = 1 AND ended_at IS NULL;
GO

-- Names of runbooks that a text may call, as JSON; NULL where its analysis did not look for them.
ALTER TABLE runsmith.runbook_versions ADD calls nvarchar(max) NULL;
GO

-- The versions of other runbooks that a job runs inside itself, the same in all its attempts.
CREATE TABLE runsmith.job_children (
  job_id binary(16) NOT NULL,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  version_id binary(16) NOT NULL,
  CONSTRAINT pk_job_children PRIMARY KEY CLUSTERED (job_id, name)
);
GO

-- Deletes ended jobs with all they have, oldest end first: those that ended before @ended_before, and those up to (@up_to, @up_to_job_id).
-- Takes one small step, so that nobody waits long for it: at most @jobs jobs, and of them at most @records records; what is left of a job
-- is taken by the next step. See 0002-job-ends.sql for what all procedures have in common.
ALTER PROCEDURE runsmith.PurgeJobs
  @ended_before datetime2(3),
  @up_to datetime2(3),
  @up_to_job_id binary(16),
  @jobs int,
  @records int
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @oldest TABLE (job_id binary(16) NOT NULL PRIMARY KEY);
  DECLARE @deleted_jobs int = 0;
  DECLARE @deleted_records int = 0;
  DECLARE @found int;

  INSERT INTO @oldest (job_id)
  SELECT o.job_id FROM (
    SELECT TOP (@jobs) job_id, ended_at FROM runsmith.jobs WHERE ended_at IS NOT NULL ORDER BY ended_at, job_id) o
  WHERE o.ended_at < @ended_before OR o.ended_at < @up_to OR (o.ended_at = @up_to AND o.job_id <= @up_to_job_id);
  SET @found = (SELECT COUNT(*) FROM @oldest);

  IF @found > 0
  BEGIN
    BEGIN TRANSACTION;

    DELETE TOP (@records) FROM runsmith.stream_records WHERE job_id IN (SELECT job_id FROM @oldest);
    SET @deleted_records = @@ROWCOUNT;

    IF @deleted_records < @records
    BEGIN
      DELETE FROM runsmith.job_steps WHERE job_id IN (SELECT job_id FROM @oldest);
      DELETE FROM runsmith.job_children WHERE job_id IN (SELECT job_id FROM @oldest);
      DELETE FROM runsmith.job_attempts WHERE job_id IN (SELECT job_id FROM @oldest);
      DELETE FROM runsmith.job_parameters WHERE job_id IN (SELECT job_id FROM @oldest);
      DELETE FROM runsmith.jobs WHERE job_id IN (SELECT job_id FROM @oldest);
      SET @deleted_jobs = @@ROWCOUNT;
    END;

    COMMIT TRANSACTION;
  END;

  SELECT @deleted_jobs AS jobs, @deleted_records AS records, CASE WHEN @found < @jobs AND @deleted_records < @records THEN 0 ELSE 1 END AS more;
END;
GO

-- Accepts a job as it was made of its runbook's settings, if those are still of that revision. A version that is
-- pinned need not be the current one. `outcome` is one of
--   accepted    with `parked_behind` (NULL when it is in the queue) and `accepted_at`
--   repeated    the request came before: with the `result` that is kept, or none when the job itself is there already
--   reused      the key came with another request before
--   stale       the runbook has another revision or version, is disabled or gone: nothing was done
--   refused     by the concurrency rule: with `concurrency_limit`
ALTER PROCEDURE runsmith.AcceptJob
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
  @now datetime2(3) = NULL,
  @run_as binary(16) = NULL,
  @started_from nvarchar(1000) = NULL,
  @parent_job_id binary(16) = NULL,
  @parent_call binary(16) = NULL,
  @stop_with_parent bit = 0,
  @is_pinned bit = 0,
  @children nvarchar(max) = NULL
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
    AND (@is_pinned = 1 OR @version_id = CASE @draft WHEN 1 THEN draft_version_id ELSE published_version_id END);

  IF NOT EXISTS (SELECT 1 FROM @placed)
  BEGIN
    UPDATE runsmith.runbooks SET active_jobs = active_jobs
    OUTPUT inserted.concurrency_limit, inserted.concurrency_policy, inserted.dispatch_held INTO @rule
    WHERE runbook_id = @runbook_id AND revision = @revision AND enabled = 1
      AND (@is_pinned = 1 OR @version_id = CASE @draft WHEN 1 THEN draft_version_id ELSE published_version_id END);
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
    log_switches, host_reuse, started_by, starter_id, accepted_at, start_deadline_at, retry_of, run_as,
    started_from, parent_job_id, parent_call, stop_with_parent)
  VALUES (0x00000000000000000000000000000000, @job_id, @runbook_id, @runbook_name, @runbook_kind, @version_id, @version_number, @draft,
    N'New', @parked, @placement_id, @worker_group, @priority, @host_kind, @max_attempts, @max_retries, @grants, @time_limit,
    @stop_grace, @output_limit, @log_switches, @host_reuse, @started_by, @starter_id, @now,
    runsmith.Later(@now, @start_deadline), @retry_of, @run_as, @started_from,
    @parent_job_id, @parent_call, @stop_with_parent);

  INSERT INTO runsmith.job_parameters (job_id, parameters, secret_names) VALUES (@job_id, @parameters, @secret_names);

  IF @children IS NOT NULL
    INSERT INTO runsmith.job_children (job_id, name, version_id)
    SELECT @job_id, c.name, CONVERT(binary(16), REPLACE(c.version_id, N'-', N''), 2)
    FROM OPENJSON(@children) WITH (name nvarchar(256) '$.name', version_id nvarchar(36) '$.versionId') c;

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
