-- Oldest program: 16
-- Late jobs that a notice rule has looked at: those since its position (the time in `start_late_seen`, and `running_long_seen_at`) and a
-- while before, since neither ids nor times are in the order of the commits. `began_at`: when the job was accepted, or its attempt claimed.
CREATE TABLE notice_late_jobs (
  rule_id BLOB NOT NULL REFERENCES notice_rules ON DELETE CASCADE,
  event TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  job_id BLOB NOT NULL,
  PRIMARY KEY (rule_id, event, began_at, job_id)
) STRICT, WITHOUT ROWID;

-- What was looked at so far is not told again.
INSERT INTO notice_late_jobs (rule_id, event, began_at, job_id)
SELECT n.rule_id, 'job-start-late', j.accepted_at, j.job_id
FROM notice_rules n JOIN jobs j ON j.workspace_id = n.workspace_id AND j.status = 'New' AND j.job_id <= n.start_late_seen
WHERE j.attempt = 0;
INSERT INTO notice_late_jobs (rule_id, event, began_at, job_id)
SELECT n.rule_id, 'job-running-long', j.claimed_at, j.job_id
FROM notice_rules n JOIN jobs j ON j.worker_id IS NOT NULL AND j.ended_at IS NULL AND j.claimed_at <= n.running_long_seen_at;
