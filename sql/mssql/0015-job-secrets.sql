-- Secret texts that attempts of jobs were given, sealed: later attempts mask them. One row for each answer, named by a keyed hash of what
-- is in it; gone soon after the job's end. No reference to the job, which may be purged before.
CREATE TABLE runsmith.job_secrets (
  secret_id binary(16) NOT NULL CONSTRAINT pk_job_secrets PRIMARY KEY CLUSTERED,
  job_id binary(16) NOT NULL,
  sealed varbinary(max) NOT NULL
);
GO

CREATE INDEX job_secrets_by_job ON runsmith.job_secrets (job_id);
GO
