-- Oldest program: 18
-- Approvals that are waited for, the oldest first.
CREATE INDEX job_steps_by_approval ON runsmith.job_steps (started_at, step_id) WHERE kind = N'approval' AND ended_at IS NULL;
GO
