-- How records, progress and ends of attempts are stored, as one procedure. See 0002-job-ends.sql for what all procedures have in common.

CREATE TYPE runsmith.AttemptProgress AS TABLE (
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  worker_id binary(16) NOT NULL,
  host_ready_at datetime2(3) NULL,
  running_at datetime2(3) NULL,
  PRIMARY KEY (job_id, attempt)
);
GO

-- What a worker reports of an attempt. Its records have the numbers from `first_number` to `last_number`, without gaps; both are NULL
-- when only the end is told. `ends`: its end is in the table of ends.
CREATE TYPE runsmith.AttemptBatches AS TABLE (
  position int NOT NULL PRIMARY KEY,
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  worker_id binary(16) NOT NULL,
  first_number int NULL,
  last_number int NULL,
  ends bit NOT NULL,
  UNIQUE (job_id, attempt)
);
GO

-- `position` is that of the batch.
CREATE TYPE runsmith.StreamRecords AS TABLE (
  position int NOT NULL,
  number int NOT NULL,
  stream int NOT NULL,
  time datetime2(3) NOT NULL,
  text nvarchar(max) NOT NULL,
  value nvarchar(max) NULL,
  flags int NOT NULL,
  PRIMARY KEY (position, number)
);
GO

-- Stores progress, then records, then ends. Tells of each batch the `outcome`:
--   stored    up to `number`, and the end with `ended`: by this call or by an earlier one with the same report
--   refused   the attempt is over, or another worker's
--   gap       records are missing after `number`; nothing of the batch was stored
--   again     somebody else wrote to the attempt at this moment: ask again with this batch
CREATE PROCEDURE runsmith.AppendStreamRecords
  @progress runsmith.AttemptProgress READONLY,
  @batches runsmith.AttemptBatches READONLY,
  @records runsmith.StreamRecords READONLY,
  @ends runsmith.AttemptEnds READONLY,
  @release_limit int,
  @now datetime2(3) = NULL
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @now = COALESCE(@now, SYSUTCDATETIME());
  DECLARE @found TABLE (
    position int NOT NULL PRIMARY KEY, job_id binary(16) NOT NULL, attempt int NOT NULL, worker_id binary(16) NOT NULL,
    first_number int NULL, last_number int NULL, ends bit NOT NULL, former int NULL, outcome nvarchar(20) NULL, is_over bit NOT NULL);
  DECLARE @appended TABLE (job_id binary(16) NOT NULL, attempt int NOT NULL, PRIMARY KEY (job_id, attempt));
  DECLARE @final runsmith.AttemptEnds;
  DECLARE @steps TABLE (
    job_id binary(16) NOT NULL, attempt int NOT NULL, worker_id binary(16) NOT NULL, host_ready_at datetime2(3) NULL,
    running_at datetime2(3) NULL, PRIMARY KEY (job_id, attempt));
  DECLARE @counted TABLE (
    job_id binary(16) NOT NULL PRIMARY KEY, records int NOT NULL, errors int NOT NULL, warnings int NOT NULL,
    first_time datetime2(3) NULL);
  DECLARE @reached TABLE (job_id binary(16) NOT NULL PRIMARY KEY);

  INSERT INTO @steps (job_id, attempt, worker_id, host_ready_at, running_at)
  SELECT job_id, attempt, worker_id, host_ready_at, running_at FROM @progress;

  BEGIN TRANSACTION;

  INSERT INTO @found (position, job_id, attempt, worker_id, first_number, last_number, ends, former, outcome, is_over)
  SELECT b.position, b.job_id, b.attempt, b.worker_id, b.first_number, b.last_number, b.ends, a.last_number, a.outcome,
    CASE WHEN a.ended_at IS NULL THEN 0 ELSE 1 END
  FROM @batches b LEFT JOIN runsmith.job_attempts a
    ON a.job_id = b.job_id AND a.attempt = b.attempt AND a.worker_id = b.worker_id;

  -- The fence, and the place of the records, in one: the attempt is open, and its last number is still the one that was found.
  UPDATE runsmith.job_attempts
  SET last_number = (
    SELECT f.last_number FROM @found f WHERE f.job_id = job_attempts.job_id AND f.attempt = job_attempts.attempt)
  OUTPUT inserted.job_id, inserted.attempt INTO @appended
  WHERE ended_at IS NULL AND EXISTS (
    SELECT 1 FROM @found f
    WHERE f.job_id = job_attempts.job_id AND f.attempt = job_attempts.attempt AND f.worker_id = job_attempts.worker_id
      AND f.former = job_attempts.last_number AND f.first_number <= f.former + 1 AND f.last_number > f.former);

  IF EXISTS (SELECT 1 FROM @appended)
    INSERT INTO runsmith.stream_records (job_id, attempt, number, stream, time, text, value, flags)
    SELECT f.job_id, f.attempt, r.number, r.stream, r.time, r.text, r.value, r.flags
    FROM @appended p
    JOIN @found f ON f.job_id = p.job_id AND f.attempt = p.attempt
    JOIN @records r ON r.position = f.position
    WHERE r.number > f.former;

  -- The end may have overtaken this on the other socket: the times are still wanted, the status is not.
  IF EXISTS (SELECT 1 FROM @steps)
    UPDATE runsmith.jobs SET
      host_ready_at = COALESCE(host_ready_at, (
        SELECT COALESCE(p.host_ready_at, p.running_at) FROM @steps p WHERE p.job_id = jobs.job_id AND p.attempt = jobs.attempt)),
      status = CASE
        WHEN status = N'Activating' AND EXISTS (
          SELECT 1 FROM @steps p WHERE p.job_id = jobs.job_id AND p.attempt = jobs.attempt AND p.running_at IS NOT NULL) THEN N'Running'
        ELSE status
      END
    OUTPUT inserted.job_id INTO @reached
    WHERE EXISTS (
      SELECT 1 FROM @steps p WHERE p.job_id = jobs.job_id AND p.attempt = jobs.attempt AND p.worker_id = jobs.worker_id);

  -- A continued text is one record to whoever counts errors.
  IF EXISTS (SELECT 1 FROM @appended)
  BEGIN
    INSERT INTO @counted (job_id, records, errors, warnings, first_time)
    SELECT f.job_id, COUNT(*),
      SUM(CASE WHEN r.stream = 1 AND r.flags & 2 = 0 THEN 1 ELSE 0 END),
      SUM(CASE WHEN r.stream = 2 AND r.flags & 2 = 0 THEN 1 ELSE 0 END),
      MIN(CASE WHEN r.number = f.former + 1 THEN r.time END)
    FROM @appended p
    JOIN @found f ON f.job_id = p.job_id AND f.attempt = p.attempt
    JOIN @records r ON r.position = f.position
    WHERE r.number > f.former
    GROUP BY f.job_id;

    UPDATE runsmith.jobs SET
      record_count = record_count + (SELECT c.records FROM @counted c WHERE c.job_id = jobs.job_id),
      error_count = error_count + (SELECT c.errors FROM @counted c WHERE c.job_id = jobs.job_id),
      warning_count = warning_count + (SELECT c.warnings FROM @counted c WHERE c.job_id = jobs.job_id),
      first_record_at = COALESCE(first_record_at, (SELECT c.first_time FROM @counted c WHERE c.job_id = jobs.job_id)),
      status = CASE WHEN status = N'Activating' THEN N'Running' ELSE status END
    WHERE job_id IN (SELECT job_id FROM @counted);
  END;

  -- An end counts with all that was to be stored before it.
  INSERT INTO @final (job_id, attempt, worker_id, outcome, cause, ended_at, reason, message, exception, result, exit_code)
  SELECT e.job_id, e.attempt, e.worker_id, e.outcome, e.cause, e.ended_at, e.reason, e.message, e.exception, e.result, e.exit_code
  FROM @ends e JOIN @found f ON f.job_id = e.job_id AND f.attempt = e.attempt
  WHERE f.ends = 1 AND f.is_over = 0 AND f.former IS NOT NULL
    AND (f.last_number IS NULL OR f.last_number <= f.former OR EXISTS (
      SELECT 1 FROM @appended p WHERE p.job_id = f.job_id AND p.attempt = f.attempt));
  IF EXISTS (SELECT 1 FROM @final)
    EXECUTE runsmith.CompleteJobs @final, @release_limit, @now;

  COMMIT TRANSACTION;

  SELECT N'reached' AS effect, job_id FROM @reached;

  SELECT N'batch' AS effect, f.position, COALESCE(a.last_number, 0) AS number,
    CASE
      WHEN f.former IS NULL THEN N'refused'
      -- Over. If it ended with this very report, whose acknowledgement was lost on its way, that is what the worker needs to hear.
      WHEN f.is_over = 1 THEN
        CASE WHEN f.outcome NOT IN (N'Lost', N'Declined') AND COALESCE(f.last_number, f.former) <= f.former THEN N'stored' ELSE N'refused' END
      WHEN f.first_number > f.former + 1 AND f.last_number > f.former THEN N'gap'
      WHEN f.last_number > f.former AND p.job_id IS NULL THEN N'again'
      WHEN f.ends = 1 AND (a.ended_at IS NULL OR a.outcome IN (N'Lost', N'Declined')) THEN N'again'
      ELSE N'stored'
    END AS outcome,
    CASE
      WHEN f.former IS NULL THEN 0
      WHEN f.is_over = 1 THEN
        CASE WHEN f.outcome NOT IN (N'Lost', N'Declined') AND COALESCE(f.last_number, f.former) <= f.former THEN 1 ELSE 0 END
      WHEN f.first_number > f.former + 1 AND f.last_number > f.former THEN 0
      WHEN f.ends = 1 THEN 1
      ELSE 0
    END AS ended
  FROM @found f
  LEFT JOIN @appended p ON p.job_id = f.job_id AND p.attempt = f.attempt
  LEFT JOIN runsmith.job_attempts a ON a.job_id = f.job_id AND a.attempt = f.attempt AND a.worker_id = f.worker_id
  ORDER BY f.position;
END;
GO
