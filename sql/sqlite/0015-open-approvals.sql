-- Approvals that are waited for, the oldest first.
CREATE INDEX job_steps_by_approval ON job_steps (started_at, step_id) WHERE kind = 'approval' AND ended_at IS NULL;
