-- Secret texts that attempts of jobs were given, sealed: later attempts mask them. One row for each answer, named by a keyed hash of what
-- is in it; gone soon after the job's end. No reference to the job, which may be purged before.
CREATE TABLE job_secrets (
  secret_id BLOB NOT NULL PRIMARY KEY,
  job_id BLOB NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

CREATE INDEX job_secrets_by_job ON job_secrets (job_id);
