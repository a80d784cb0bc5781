-- The journal of jobs: steps that were done, waits, events that were sent, and the last checkpoint, gone with the job. `kind`: step,
-- suspend, time, event, approval; sent (an event), checkpoint. A step is named by a hash of what it is called in its job, so that storing
-- it twice stores it once. In the order of (attempt, sequence). `name`, `result`, `message`: as they are shown, without secrets; `sealed`: all of it.
CREATE TABLE job_steps (
  step_id BLOB NOT NULL PRIMARY KEY,
  job_id BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  branch TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  -- NULL while it is waited for.
  ended_at INTEGER,
  -- Of a wait: when it is over by itself.
  until_at INTEGER,
  event TEXT,
  message TEXT,
  -- Who may approve: a JSON array; NULL for whoever may operate the runbook.
  addressed_to TEXT,
  result TEXT,
  -- JSON. `answer_id`: of an event that came, the wait, and of the wait, the event. `answered_attempt`: the job's attempt at that moment.
  answer TEXT,
  answer_id BLOB,
  answered_attempt INTEGER,
  sealed BLOB
) STRICT;

CREATE INDEX job_steps_by_job ON job_steps (job_id, attempt, sequence);
CREATE INDEX job_steps_by_time ON job_steps (until_at) WHERE until_at IS NOT NULL AND ended_at IS NULL;
