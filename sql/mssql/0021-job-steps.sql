-- Oldest program: 18
-- The journal of jobs: steps that were done, waits, events that were sent, and the last checkpoint, gone with the job. `kind`: step,
-- suspend, time, event, approval; sent (an event), checkpoint. A step is named by a hash of what it is called in its job, so that storing
-- it twice stores it once. In the order of (attempt, sequence). `name`, `result`, `message`: as they are shown, without secrets; `sealed`: all of it.
CREATE TABLE runsmith.job_steps (
  step_id binary(16) NOT NULL CONSTRAINT pk_job_steps PRIMARY KEY CLUSTERED,
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  sequence int NOT NULL,
  kind nvarchar(20) NOT NULL,
  name nvarchar(400) NOT NULL,
  branch nvarchar(400) NOT NULL,
  started_at datetime2(3) NOT NULL,
  -- NULL while it is waited for.
  ended_at datetime2(3) NULL,
  -- Of a wait: when it is over by itself.
  until_at datetime2(3) NULL,
  event nvarchar(400) NULL,
  message nvarchar(max) NULL,
  -- Who may approve: a JSON array; NULL for whoever may operate the runbook.
  addressed_to nvarchar(max) NULL,
  result nvarchar(max) NULL,
  -- JSON. `answer_id`: of an event that came, the wait, and of the wait, the event. `answered_attempt`: the job's attempt at that moment.
  answer nvarchar(max) NULL,
  answer_id binary(16) NULL,
  answered_attempt int NULL,
  sealed varbinary(max) NULL
);
GO

CREATE INDEX job_steps_by_job ON runsmith.job_steps (job_id, attempt, sequence);
CREATE INDEX job_steps_by_time ON runsmith.job_steps (until_at) WHERE until_at IS NOT NULL AND ended_at IS NULL;
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
