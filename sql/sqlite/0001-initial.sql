-- The first schema. Ids are UUIDv7 as 16-byte BLOBs, times are milliseconds since the epoch (UTC), JSON is TEXT.
-- Page size and incremental vacuum are set by the program before this file, while the database is still empty.
-- What jobs pass through has no foreign keys: on SQL Server they would be looked up with each acceptance, claim and end.

CREATE TABLE installation (
  installation_id BLOB NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workspaces (
  workspace_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

INSERT INTO workspaces (workspace_id, name, created_at) VALUES (zeroblob(16), 'default', 0);

-- Who acts. `kind`: user, group, service-principal, worker. `roles`: JSON array of role names.
CREATE TABLE principals (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  principal_id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  roles TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, kind, name)
) STRICT;

-- Tokens hold 32 random bytes, so a plain SHA-256 of them is enough.
CREATE TABLE tokens (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  token_id BLOB NOT NULL PRIMARY KEY,
  principal_id BLOB NOT NULL REFERENCES principals ON DELETE CASCADE,
  hash BLOB NOT NULL UNIQUE,
  purpose TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT;

CREATE INDEX tokens_by_principal ON tokens (workspace_id, principal_id, token_id);

-- Where jobs may run, one row for each choice that was ever made; rows never change. The id is made of the content, so the same
-- choice has the same id everywhere. `run_on`, `stand_bys`: JSON arrays of `group:NAME` and `worker:NAME`, in order;
-- `stand_by_after`: milliseconds; `required_tags`: a JSON array.
CREATE TABLE placements (
  placement_id BLOB NOT NULL PRIMARY KEY,
  host_kind TEXT NOT NULL,
  run_on TEXT NOT NULL,
  stand_bys TEXT NOT NULL,
  stand_by_after INTEGER NOT NULL,
  required_tags TEXT NOT NULL
) STRICT;

-- `tags` and `grants` are JSON arrays; the limits are milliseconds or bytes, NULL without limit.
CREATE TABLE runbooks (
  workspace_id BLOB NOT NULL,
  runbook_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  kind TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  tags TEXT NOT NULL DEFAULT '[]',
  enabled INTEGER NOT NULL DEFAULT 1,
  log_verbose INTEGER NOT NULL DEFAULT 0,
  log_debug INTEGER NOT NULL DEFAULT 0,
  log_progress INTEGER NOT NULL DEFAULT 0,
  grants TEXT NOT NULL DEFAULT '[]',
  -- `isolation`: job, runbook (one host may serve one job after another); `share_callers`: whoever started them.
  isolation TEXT NOT NULL DEFAULT 'job',
  share_callers INTEGER NOT NULL DEFAULT 0,
  placement_id BLOB NOT NULL,
  -- Of its jobs; the larger goes first.
  priority INTEGER NOT NULL DEFAULT 0,
  time_limit INTEGER,
  start_deadline INTEGER,
  concurrency_limit INTEGER,
  concurrency_policy TEXT NOT NULL DEFAULT 'wait',
  attempts INTEGER NOT NULL DEFAULT 1,
  retries INTEGER NOT NULL DEFAULT 0,
  stop_grace INTEGER NOT NULL,
  output_limit INTEGER NOT NULL,
  draft_version_id BLOB,
  published_version_id BLOB,
  last_version_number INTEGER NOT NULL DEFAULT 0,
  -- Jobs that hold a place under the concurrency limit: queued, starting or running; parked ones do not.
  active_jobs INTEGER NOT NULL DEFAULT 0,
  -- 1 while an operator holds its dispatch (`dispatch_holds`): its jobs are parked.
  dispatch_held INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, name)
) STRICT;

-- `source` holds the file's own bytes. `analysis`: done, waiting. `state`: draft, published, former, or replaced: a draft that
-- gave way to another one, kept while a job that was started with it is open.
CREATE TABLE runbook_versions (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  version_id BLOB NOT NULL PRIMARY KEY,
  runbook_id BLOB NOT NULL REFERENCES runbooks ON DELETE CASCADE,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  analysis TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  executable_hash BLOB,
  signature TEXT,
  problems TEXT NOT NULL DEFAULT '[]',
  needs TEXT NOT NULL DEFAULT '[]',
  synopsis TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  published_at INTEGER,
  -- Last, so that who reads the columns above does not walk through these.
  source BLOB NOT NULL,
  executable TEXT,
  UNIQUE (workspace_id, runbook_id, number)
) STRICT;

CREATE INDEX runbook_versions_waiting ON runbook_versions (workspace_id, version_id) WHERE analysis = 'waiting';
CREATE INDEX runbook_versions_replaced ON runbook_versions (runbook_id, version_id) WHERE state = 'replaced';

-- What a job needs from its runbook is copied at its acceptance, so that later changes of settings do not reach it.
CREATE TABLE jobs (
  workspace_id BLOB NOT NULL,
  job_id BLOB NOT NULL PRIMARY KEY,
  runbook_id BLOB NOT NULL,
  runbook_name TEXT NOT NULL,
  runbook_kind TEXT NOT NULL,
  version_id BLOB NOT NULL,
  version_number INTEGER NOT NULL,
  draft INTEGER NOT NULL,
  status TEXT NOT NULL,
  -- 1 while a concurrency rule, or an operator's hold of its runbook, keeps the job outside the queue.
  parked INTEGER NOT NULL DEFAULT 0,
  placement_id BLOB NOT NULL,
  -- The group that its placement names first, NULL when it names workers only.
  worker_group TEXT COLLATE NOCASE,
  priority INTEGER NOT NULL DEFAULT 0,
  host_kind TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  -- Attempts counted against `max_attempts`; those that failed in the script count against `max_retries`.
  lost_attempts INTEGER NOT NULL DEFAULT 0,
  failed_attempts INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  max_retries INTEGER NOT NULL,
  worker_id BLOB,
  grants TEXT NOT NULL,
  time_limit INTEGER,
  stop_grace INTEGER NOT NULL,
  output_limit INTEGER NOT NULL,
  log_switches INTEGER NOT NULL,
  sandbox TEXT,
  -- `host_reuse`: never, same-starter, any-starter: what its runbook allows. `isolation`: job, runbook: what it had, NULL until claimed.
  host_reuse TEXT NOT NULL DEFAULT 'never',
  isolation TEXT,
  started_by TEXT NOT NULL,
  starter_id BLOB,
  accepted_at INTEGER NOT NULL,
  start_deadline_at INTEGER,
  claimed_at INTEGER,
  host_ready_at INTEGER,
  first_record_at INTEGER,
  ended_at INTEGER,
  -- Of an attempt whose worker was started anew: when the lease of the instance that had it ends, so that it is lost, and how
  -- many milliseconds that was away when it was set.
  lost_at INTEGER,
  lost_wait INTEGER,
  stop_requested_at INTEGER,
  stop_requested_by TEXT,
  -- 1 when it is to be stopped at once, without grace.
  stop_forced INTEGER NOT NULL DEFAULT 0,
  status_reason TEXT,
  exception TEXT,
  result TEXT,
  exit_code INTEGER CHECK (exit_code BETWEEN -2147483648 AND 2147483647),
  error_count INTEGER NOT NULL DEFAULT 0,
  warning_count INTEGER NOT NULL DEFAULT 0,
  record_count INTEGER NOT NULL DEFAULT 0,
  -- The ended job that this one was started in place of.
  retry_of BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_runbook ON jobs (workspace_id, runbook_id, job_id);
CREATE INDEX jobs_by_status ON jobs (workspace_id, status, job_id);
CREATE INDEX jobs_by_worker ON jobs (worker_id, job_id) WHERE worker_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX jobs_parked ON jobs (workspace_id, runbook_id, job_id) WHERE parked = 1;
CREATE INDEX jobs_by_start_deadline ON jobs (start_deadline_at) WHERE start_deadline_at IS NOT NULL AND status = 'New';
CREATE INDEX jobs_by_loss ON jobs (lost_at) WHERE lost_at IS NOT NULL;
CREATE INDEX jobs_by_retry ON jobs (retry_of, job_id) WHERE retry_of IS NOT NULL;
CREATE INDEX jobs_by_end ON jobs (ended_at, job_id) WHERE ended_at IS NOT NULL;

-- Apart from the job row, so that lists do not read it. `secret_names` is a JSON array.
CREATE TABLE job_parameters (
  job_id BLOB NOT NULL PRIMARY KEY,
  parameters TEXT NOT NULL,
  secret_names TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Only jobs that could start now. A queue is a placement; the key is the order of claiming in it. `rank` is the negated priority, so
-- that the smaller goes first; `tag` is the fairness tag.
CREATE TABLE job_queue (
  placement_id BLOB NOT NULL,
  rank INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  job_id BLOB NOT NULL,
  PRIMARY KEY (placement_id, rank, tag, job_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX job_queue_by_job ON job_queue (job_id);

-- The tag of the job claimed last, by queue and rank: new jobs of an idle runbook start here.
CREATE TABLE queue_positions (
  placement_id BLOB NOT NULL,
  rank INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  PRIMARY KEY (placement_id, rank)
) STRICT, WITHOUT ROWID;

-- The tag of the job that a runbook put last into a queue and rank.
CREATE TABLE runbook_tags (
  runbook_id BLOB NOT NULL,
  placement_id BLOB NOT NULL,
  rank INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  PRIMARY KEY (runbook_id, placement_id, rank)
) STRICT, WITHOUT ROWID;

-- What operators hold. `scope`: all, group, runbook; `subject`: nothing, the group's name, the runbook's id.
CREATE TABLE dispatch_holds (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  scope TEXT NOT NULL,
  subject TEXT NOT NULL COLLATE NOCASE,
  reason TEXT NOT NULL,
  held_by TEXT NOT NULL,
  held_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, scope, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_attempts (
  job_id BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  worker_id BLOB NOT NULL,
  claimed_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  reason TEXT,
  last_number INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, attempt)
) STRICT, WITHOUT ROWID;

-- `stream`: the position in `streamNames`. `flags`: 1 cut, 2 continued.
CREATE TABLE stream_records (
  job_id BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  number INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  time INTEGER NOT NULL,
  text TEXT NOT NULL,
  value TEXT,
  flags INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, attempt, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX stream_records_by_stream ON stream_records (job_id, stream, attempt, number) WHERE stream <> 0;

-- `lease_duration`: milliseconds, NULL where the installation's holds.
CREATE TABLE worker_groups (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL DEFAULT '',
  lease_duration INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (workspace_id, name)
) STRICT, WITHOUT ROWID;

-- `status`: connected, draining, lost, disconnected, never-connected, removed. The lease lives here, one row a worker.
-- `admission`: open, cordoned, draining: what operators allow it. `host_kinds`: JSON, with versions and slots; `tags`: a JSON array;
-- `vitals`: JSON of its last heartbeat.
CREATE TABLE workers (
  workspace_id BLOB NOT NULL,
  worker_id BLOB NOT NULL PRIMARY KEY,
  principal_id BLOB NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  worker_group TEXT NOT NULL COLLATE NOCASE,
  tags TEXT NOT NULL DEFAULT '[]',
  admission TEXT NOT NULL DEFAULT 'open',
  status TEXT NOT NULL,
  instance_id TEXT,
  -- Of its link now, made anew with each hello: a service that gives it a job names the link that it has to it.
  link_id TEXT,
  version TEXT,
  protocol INTEGER,
  host_name TEXT,
  sandbox TEXT,
  slots INTEGER NOT NULL DEFAULT 0,
  host_kinds TEXT NOT NULL DEFAULT '[]',
  vitals TEXT,
  lease_duration INTEGER,
  lease_expires_at INTEGER,
  last_seen_at INTEGER,
  -- Since when it takes no jobs, for whatever reason; NULL while it does.
  unavailable_since INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, name)
) STRICT;

-- Which service does what one alone should do. Of use where several services share a database.
CREATE TABLE duty_leases (
  duty TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens that were revoked, or whose principal was changed, for services that remember them. Written where several services share a
-- database.
CREATE TABLE revoked_tokens (
  token_id BLOB NOT NULL PRIMARY KEY,
  revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests that carried an `Idempotency-Key`; `request_hash` recognises a key used for something else. `result` is what the
-- operation gave, written in its own transaction; `status` and `body` are the answer that was sent, kept after it.
CREATE TABLE idempotency_keys (
  workspace_id BLOB NOT NULL,
  principal_id BLOB NOT NULL,
  key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  result TEXT,
  status INTEGER,
  body TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, principal_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Who is told of what. `events` is a JSON array, `target` a JSON object without secrets; `start_late_seen` (a job) and
-- `running_long_seen_at` (a claim) are how far the looks for late jobs have come; `retry_at` holds deliveries back after `failures`.
CREATE TABLE notice_rules (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  rule_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  enabled INTEGER NOT NULL DEFAULT 1,
  events TEXT NOT NULL,
  runbook_id BLOB,
  worker_group TEXT COLLATE NOCASE,
  tag TEXT,
  start_late_after INTEGER,
  running_long_after INTEGER,
  throttle INTEGER NOT NULL,
  target TEXT NOT NULL,
  start_late_seen BLOB,
  running_long_seen_at INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, name)
) STRICT;

-- What has happened and no notice was made of yet: written with what happened, gone with the notice. `subject_id`: the job, or the
-- worker, whose name and group are kept since it may be gone.
CREATE TABLE notice_events (
  happened_at INTEGER NOT NULL,
  subject_id BLOB NOT NULL,
  event TEXT NOT NULL,
  worker_name TEXT,
  worker_group TEXT,
  reason TEXT,
  PRIMARY KEY (happened_at, subject_id, event)
) STRICT, WITHOUT ROWID;

-- `about_id`: the runbook or the worker. `status`: waiting, delivered, given-up, cancelled; `next_attempt_at` is set while it waits,
-- and is moved on by who tries a delivery.
CREATE TABLE notices (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  notice_id BLOB NOT NULL PRIMARY KEY,
  rule_id BLOB NOT NULL,
  rule_name TEXT NOT NULL,
  event TEXT NOT NULL,
  about_id BLOB NOT NULL,
  occurrences INTEGER NOT NULL,
  facts TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  happened_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  next_attempt_at INTEGER,
  delivered_at INTEGER
) STRICT;

CREATE INDEX notices_by_rule ON notices (workspace_id, rule_id, notice_id);
CREATE INDEX notices_by_status ON notices (workspace_id, status, notice_id);
CREATE INDEX notices_by_group ON notices (rule_id, event, about_id, notice_id);
CREATE INDEX notices_due ON notices (next_attempt_at, notice_id) WHERE next_attempt_at IS NOT NULL;

-- The attempts to deliver a notice.
CREATE TABLE notice_deliveries (
  notice_id BLOB NOT NULL REFERENCES notices ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  status_code INTEGER,
  detail TEXT,
  PRIMARY KEY (notice_id, attempt)
) STRICT, WITHOUT ROWID;
