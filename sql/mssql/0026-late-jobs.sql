-- Oldest program: 18
-- Late jobs that a notice rule has looked at: those since its position (the time in `start_late_seen`, and `running_long_seen_at`) and a
-- while before, since neither ids nor times are in the order of the commits. `began_at`: when the job was accepted, or its attempt claimed.
CREATE TABLE runsmith.notice_late_jobs (
  rule_id binary(16) NOT NULL
    CONSTRAINT fk_notice_late_jobs_rule REFERENCES runsmith.notice_rules (rule_id) ON DELETE CASCADE,
  event nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  began_at datetime2(3) NOT NULL,
  job_id binary(16) NOT NULL,
  CONSTRAINT pk_notice_late_jobs PRIMARY KEY CLUSTERED (rule_id, event, began_at, job_id)
);
GO

-- What was looked at so far is not told again.
INSERT INTO runsmith.notice_late_jobs (rule_id, event, began_at, job_id)
SELECT n.rule_id, N'job-start-late', j.accepted_at, j.job_id
FROM runsmith.notice_rules n
  JOIN runsmith.jobs j ON j.workspace_id = n.workspace_id AND j.status = N'New' AND j.job_id <= n.start_late_seen
WHERE j.attempt = 0;
INSERT INTO runsmith.notice_late_jobs (rule_id, event, began_at, job_id)
SELECT n.rule_id, N'job-running-long', j.claimed_at, j.job_id
FROM runsmith.notice_rules n
  JOIN runsmith.jobs j ON j.worker_id IS NOT NULL AND j.ended_at IS NULL AND j.claimed_at <= n.running_long_seen_at;
GO
