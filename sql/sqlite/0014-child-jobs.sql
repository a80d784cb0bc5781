-- Oldest program: 13
-- Runbooks that start others. The job that started a job, a hash of which of its calls did (so that a repeated attempt finds the job that is there
-- already), and whether the job is stopped with it.
ALTER TABLE jobs ADD COLUMN parent_job_id BLOB;
ALTER TABLE jobs ADD COLUMN parent_call BLOB;
ALTER TABLE jobs ADD COLUMN stop_with_parent INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX jobs_by_parent_call ON jobs (parent_job_id, parent_call) WHERE parent_job_id IS NOT NULL;
CREATE INDEX jobs_by_parent ON jobs (parent_job_id, job_id) WHERE parent_job_id IS NOT NULL;
CREATE INDEX jobs_stopped_with_parent ON jobs (job_id) WHERE stop_with_parent = 1 AND ended_at IS NULL;

-- Names of runbooks that a text may call, as JSON; NULL where its analysis did not look for them.
ALTER TABLE runbook_versions ADD COLUMN calls TEXT;

-- The versions of other runbooks that a job runs inside itself, the same in all its attempts.
CREATE TABLE job_children (
  job_id BLOB NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  version_id BLOB NOT NULL,
  PRIMARY KEY (job_id, name)
) STRICT;
