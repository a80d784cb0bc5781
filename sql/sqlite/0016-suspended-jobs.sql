-- Suspended jobs of a runbook, of which there may be many: what replaces the oldest need not look at all of them.
CREATE INDEX jobs_suspended ON jobs (workspace_id, runbook_id, job_id) WHERE status = 'Suspended';
