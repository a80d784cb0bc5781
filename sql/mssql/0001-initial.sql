-- The first schema for SQL Server 2016 and later: the tables of sql/sqlite, in the schema `runsmith`.
--
-- Ids are UUIDv7 as binary(16), so that the order of a clustered key is the order of creation. Times are datetime2(3) in UTC, JSON is
-- nvarchar(max) (ISJSON knows objects and arrays only, so columns that may hold any JSON value are not checked).
-- Names that people choose compare without regard to case; everything that programs compare is compared by its code points, whatever
-- the database's own collation. `row_version` grows with each change of a row: services learn by it what others did.
-- What jobs pass through has no foreign keys: they would be looked up with each acceptance, claim and end, and hold the rows that others
-- wait for.
-- A line that says GO ends a batch, as in every tool for SQL Server. The schema itself is made by the program.

CREATE TABLE runsmith.installation (
  installation_id binary(16) NOT NULL CONSTRAINT pk_installation PRIMARY KEY CLUSTERED,
  created_at datetime2(3) NOT NULL
);

CREATE TABLE runsmith.workspaces (
  workspace_id binary(16) NOT NULL CONSTRAINT pk_workspaces PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT uq_workspaces_name UNIQUE,
  created_at datetime2(3) NOT NULL
);

INSERT INTO runsmith.workspaces (workspace_id, name, created_at)
VALUES (0x00000000000000000000000000000000, N'default', '1970-01-01T00:00:00.000');

-- Who acts. `kind`: user, group, service-principal, worker. `roles`: JSON array of role names.
CREATE TABLE runsmith.principals (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_principals_workspace REFERENCES runsmith.workspaces (workspace_id),
  principal_id binary(16) NOT NULL CONSTRAINT pk_principals PRIMARY KEY CLUSTERED,
  kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  roles nvarchar(max) NOT NULL CONSTRAINT ck_principals_roles CHECK (ISJSON(roles) = 1),
  enabled bit NOT NULL CONSTRAINT df_principals_enabled DEFAULT 1,
  created_at datetime2(3) NOT NULL,
  CONSTRAINT uq_principals_name UNIQUE (workspace_id, kind, name)
);

-- Tokens hold 32 random bytes, so a plain SHA-256 of them is enough.
CREATE TABLE runsmith.tokens (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_tokens_workspace REFERENCES runsmith.workspaces (workspace_id),
  token_id binary(16) NOT NULL CONSTRAINT pk_tokens PRIMARY KEY CLUSTERED,
  principal_id binary(16) NOT NULL
    CONSTRAINT fk_tokens_principal REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  hash binary(32) NOT NULL CONSTRAINT uq_tokens_hash UNIQUE,
  purpose nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  created_at datetime2(3) NOT NULL,
  expires_at datetime2(3) NULL,
  last_used_at datetime2(3) NULL
);

CREATE INDEX tokens_by_principal ON runsmith.tokens (workspace_id, principal_id, token_id);

-- Where jobs may run, one row for each choice that was ever made; rows never change. The id is made of the content, so the same
-- choice has the same id everywhere. `run_on`, `stand_bys`: JSON arrays of `group:NAME` and `worker:NAME`, in order;
-- `stand_by_after`: milliseconds; `required_tags`: a JSON array.
CREATE TABLE runsmith.placements (
  placement_id binary(16) NOT NULL CONSTRAINT pk_placements PRIMARY KEY CLUSTERED,
  host_kind nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  run_on nvarchar(max) NOT NULL CONSTRAINT ck_placements_run_on CHECK (ISJSON(run_on) = 1),
  stand_bys nvarchar(max) NOT NULL CONSTRAINT ck_placements_stand_bys CHECK (ISJSON(stand_bys) = 1),
  stand_by_after bigint NOT NULL,
  required_tags nvarchar(max) NOT NULL CONSTRAINT ck_placements_required_tags CHECK (ISJSON(required_tags) = 1)
);

-- `tags` and `grants` are JSON arrays; the limits are milliseconds or bytes, NULL without limit.
CREATE TABLE runsmith.runbooks (
  workspace_id binary(16) NOT NULL,
  runbook_id binary(16) NOT NULL CONSTRAINT pk_runbooks PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_runbooks_description DEFAULT N'',
  tags nvarchar(max) NOT NULL CONSTRAINT df_runbooks_tags DEFAULT N'[]' CONSTRAINT ck_runbooks_tags CHECK (ISJSON(tags) = 1),
  enabled bit NOT NULL CONSTRAINT df_runbooks_enabled DEFAULT 1,
  log_verbose bit NOT NULL CONSTRAINT df_runbooks_log_verbose DEFAULT 0,
  log_debug bit NOT NULL CONSTRAINT df_runbooks_log_debug DEFAULT 0,
  log_progress bit NOT NULL CONSTRAINT df_runbooks_log_progress DEFAULT 0,
  grants nvarchar(max) NOT NULL
    CONSTRAINT df_runbooks_grants DEFAULT N'[]' CONSTRAINT ck_runbooks_grants CHECK (ISJSON(grants) = 1),
  -- `isolation`: job, runbook (one host may serve one job after another); `share_callers`: whoever started them.
  isolation nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT df_runbooks_isolation DEFAULT N'job',
  share_callers bit NOT NULL CONSTRAINT df_runbooks_share_callers DEFAULT 0,
  placement_id binary(16) NOT NULL,
  -- Of its jobs; the larger goes first.
  priority int NOT NULL CONSTRAINT df_runbooks_priority DEFAULT 0,
  time_limit bigint NULL,
  start_deadline bigint NULL,
  concurrency_limit int NULL,
  concurrency_policy nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL
    CONSTRAINT df_runbooks_concurrency_policy DEFAULT N'wait',
  attempts int NOT NULL CONSTRAINT df_runbooks_attempts DEFAULT 1,
  retries int NOT NULL CONSTRAINT df_runbooks_retries DEFAULT 0,
  stop_grace bigint NOT NULL,
  output_limit bigint NOT NULL,
  draft_version_id binary(16) NULL,
  published_version_id binary(16) NULL,
  last_version_number int NOT NULL CONSTRAINT df_runbooks_last_version_number DEFAULT 0,
  -- Jobs that hold a place under the concurrency limit: queued, starting or running; parked ones do not.
  active_jobs int NOT NULL CONSTRAINT df_runbooks_active_jobs DEFAULT 0,
  -- 1 while an operator holds its dispatch (`dispatch_holds`): its jobs are parked.
  dispatch_held bit NOT NULL CONSTRAINT df_runbooks_dispatch_held DEFAULT 0,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_runbooks_revision DEFAULT 1,
  CONSTRAINT uq_runbooks_name UNIQUE (workspace_id, name)
);

-- `source` holds the file's own bytes. `analysis`: done, waiting. `state`: draft, published, former, or replaced: a draft that
-- gave way to another one, kept while a job that was started with it is open.
CREATE TABLE runsmith.runbook_versions (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_runbook_versions_workspace REFERENCES runsmith.workspaces (workspace_id),
  version_id binary(16) NOT NULL CONSTRAINT pk_runbook_versions PRIMARY KEY CLUSTERED,
  runbook_id binary(16) NOT NULL
    CONSTRAINT fk_runbook_versions_runbook REFERENCES runsmith.runbooks (runbook_id) ON DELETE CASCADE,
  number int NOT NULL,
  state nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  analysis nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  content_hash binary(32) NOT NULL,
  executable_hash binary(32) NULL,
  signature nvarchar(max) NULL CONSTRAINT ck_runbook_versions_signature CHECK (ISJSON(signature) = 1),
  problems nvarchar(max) NOT NULL
    CONSTRAINT df_runbook_versions_problems DEFAULT N'[]' CONSTRAINT ck_runbook_versions_problems CHECK (ISJSON(problems) = 1),
  needs nvarchar(max) NOT NULL
    CONSTRAINT df_runbook_versions_needs DEFAULT N'[]' CONSTRAINT ck_runbook_versions_needs CHECK (ISJSON(needs) = 1),
  synopsis nvarchar(max) NOT NULL CONSTRAINT df_runbook_versions_synopsis DEFAULT N'',
  created_at datetime2(3) NOT NULL,
  created_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  published_at datetime2(3) NULL,
  source varbinary(max) NOT NULL,
  executable nvarchar(max) NULL,
  CONSTRAINT uq_runbook_versions_number UNIQUE (workspace_id, runbook_id, number)
);

CREATE INDEX runbook_versions_waiting ON runsmith.runbook_versions (workspace_id, version_id) WHERE analysis = N'waiting';
CREATE INDEX runbook_versions_replaced ON runsmith.runbook_versions (runbook_id, version_id) WHERE state = N'replaced';

-- What a job needs from its runbook is copied at its acceptance, so that later changes of settings do not reach it.
CREATE TABLE runsmith.jobs (
  workspace_id binary(16) NOT NULL,
  job_id binary(16) NOT NULL CONSTRAINT pk_jobs PRIMARY KEY CLUSTERED,
  runbook_id binary(16) NOT NULL,
  runbook_name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  runbook_kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  version_id binary(16) NOT NULL,
  version_number int NOT NULL,
  draft bit NOT NULL,
  status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  -- 1 while a concurrency rule, or an operator's hold of its runbook, keeps the job outside the queue.
  parked bit NOT NULL CONSTRAINT df_jobs_parked DEFAULT 0,
  placement_id binary(16) NOT NULL,
  -- The group that its placement names first, NULL when it names workers only.
  worker_group nvarchar(128) COLLATE Latin1_General_CI_AS NULL,
  priority int NOT NULL CONSTRAINT df_jobs_priority DEFAULT 0,
  host_kind nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  attempt int NOT NULL CONSTRAINT df_jobs_attempt DEFAULT 0,
  -- Attempts counted against `max_attempts`; those that failed in the script count against `max_retries`.
  lost_attempts int NOT NULL CONSTRAINT df_jobs_lost_attempts DEFAULT 0,
  failed_attempts int NOT NULL CONSTRAINT df_jobs_failed_attempts DEFAULT 0,
  max_attempts int NOT NULL,
  max_retries int NOT NULL,
  worker_id binary(16) NULL,
  grants nvarchar(max) NOT NULL CONSTRAINT ck_jobs_grants CHECK (ISJSON(grants) = 1),
  time_limit bigint NULL,
  stop_grace bigint NOT NULL,
  output_limit bigint NOT NULL,
  log_switches int NOT NULL,
  sandbox nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  -- `host_reuse`: never, same-starter, any-starter: what its runbook allows. `isolation`: job, runbook: what it had, NULL until claimed.
  host_reuse nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT df_jobs_host_reuse DEFAULT N'never',
  isolation nvarchar(20) COLLATE Latin1_General_BIN2 NULL,
  started_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  starter_id binary(16) NULL,
  accepted_at datetime2(3) NOT NULL,
  start_deadline_at datetime2(3) NULL,
  claimed_at datetime2(3) NULL,
  host_ready_at datetime2(3) NULL,
  first_record_at datetime2(3) NULL,
  ended_at datetime2(3) NULL,
  -- Of an attempt whose worker was started anew: when the lease of the instance that had it ends, so that it is lost, and how
  -- many milliseconds that was away when it was set.
  lost_at datetime2(3) NULL,
  lost_wait bigint NULL,
  stop_requested_at datetime2(3) NULL,
  stop_requested_by nvarchar(256) COLLATE Latin1_General_CI_AS NULL,
  -- 1 when it is to be stopped at once, without grace.
  stop_forced bit NOT NULL CONSTRAINT df_jobs_stop_forced DEFAULT 0,
  status_reason nvarchar(max) NULL,
  exception nvarchar(max) NULL CONSTRAINT ck_jobs_exception CHECK (ISJSON(exception) = 1),
  result nvarchar(max) NULL,
  exit_code int NULL,
  error_count int NOT NULL CONSTRAINT df_jobs_error_count DEFAULT 0,
  warning_count int NOT NULL CONSTRAINT df_jobs_warning_count DEFAULT 0,
  record_count int NOT NULL CONSTRAINT df_jobs_record_count DEFAULT 0,
  -- The ended job that this one was started in place of.
  retry_of binary(16) NULL,
  row_version rowversion NOT NULL
);

CREATE INDEX jobs_by_runbook ON runsmith.jobs (workspace_id, runbook_id, job_id);
CREATE INDEX jobs_by_status ON runsmith.jobs (workspace_id, status, job_id);
CREATE INDEX jobs_by_worker ON runsmith.jobs (worker_id, job_id) WHERE worker_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX jobs_parked ON runsmith.jobs (workspace_id, runbook_id, job_id) WHERE parked = 1;
CREATE INDEX jobs_by_start_deadline ON runsmith.jobs (start_deadline_at) WHERE start_deadline_at IS NOT NULL AND status = N'New';
CREATE INDEX jobs_by_loss ON runsmith.jobs (lost_at) WHERE lost_at IS NOT NULL;
CREATE INDEX jobs_by_retry ON runsmith.jobs (retry_of, job_id) WHERE retry_of IS NOT NULL;
CREATE INDEX jobs_by_end ON runsmith.jobs (ended_at, job_id) WHERE ended_at IS NOT NULL;
-- What services learn of each other by: all that they follow of a job is in it.
CREATE INDEX jobs_by_change ON runsmith.jobs (row_version) INCLUDE (
  status, parked, attempt, worker_id, placement_id, host_kind, record_count, stop_requested_by, stop_forced);

-- Apart from the job row, so that lists do not read it. `secret_names` is a JSON array.
CREATE TABLE runsmith.job_parameters (
  job_id binary(16) NOT NULL
    CONSTRAINT pk_job_parameters PRIMARY KEY CLUSTERED,
  parameters nvarchar(max) NOT NULL CONSTRAINT ck_job_parameters_parameters CHECK (ISJSON(parameters) = 1),
  secret_names nvarchar(max) NOT NULL CONSTRAINT ck_job_parameters_secret_names CHECK (ISJSON(secret_names) = 1)
);

-- Only jobs that could start now. A queue is a placement; the clustered key is the order of claiming in it. `rank` is the negated
-- priority, so that the smaller goes first; `tag` is the fairness tag.
CREATE TABLE runsmith.job_queue (
  placement_id binary(16) NOT NULL,
  rank int NOT NULL,
  tag bigint NOT NULL,
  job_id binary(16) NOT NULL,
  CONSTRAINT pk_job_queue PRIMARY KEY CLUSTERED (placement_id, rank, tag, job_id)
);

CREATE UNIQUE INDEX job_queue_by_job ON runsmith.job_queue (job_id);

-- The tag of the job claimed last, by queue and rank: new jobs of an idle runbook start here.
CREATE TABLE runsmith.queue_positions (
  placement_id binary(16) NOT NULL,
  rank int NOT NULL,
  tag bigint NOT NULL,
  CONSTRAINT pk_queue_positions PRIMARY KEY CLUSTERED (placement_id, rank)
);

-- The tag of the job that a runbook put last into a queue and rank.
CREATE TABLE runsmith.runbook_tags (
  runbook_id binary(16) NOT NULL,
  placement_id binary(16) NOT NULL,
  rank int NOT NULL,
  tag bigint NOT NULL,
  CONSTRAINT pk_runbook_tags PRIMARY KEY CLUSTERED (runbook_id, placement_id, rank)
);

-- What operators hold. `scope`: all, group, runbook; `subject`: nothing, the group's name, the runbook's id.
CREATE TABLE runsmith.dispatch_holds (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_dispatch_holds_workspace REFERENCES runsmith.workspaces (workspace_id),
  scope nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  subject nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  reason nvarchar(max) NOT NULL,
  held_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  held_at datetime2(3) NOT NULL,
  CONSTRAINT pk_dispatch_holds PRIMARY KEY CLUSTERED (workspace_id, scope, subject)
);

CREATE TABLE runsmith.job_attempts (
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  worker_id binary(16) NOT NULL,
  claimed_at datetime2(3) NOT NULL,
  ended_at datetime2(3) NULL,
  outcome nvarchar(20) COLLATE Latin1_General_BIN2 NULL,
  reason nvarchar(max) NULL,
  last_number int NOT NULL CONSTRAINT df_job_attempts_last_number DEFAULT 0,
  CONSTRAINT pk_job_attempts PRIMARY KEY CLUSTERED (job_id, attempt)
);

-- `stream`: the position in `streamNames`. `flags`: 1 cut, 2 continued.
CREATE TABLE runsmith.stream_records (
  job_id binary(16) NOT NULL,
  attempt int NOT NULL,
  number int NOT NULL,
  stream tinyint NOT NULL,
  time datetime2(3) NOT NULL,
  text nvarchar(max) NOT NULL,
  value nvarchar(max) NULL,
  flags tinyint NOT NULL CONSTRAINT df_stream_records_flags DEFAULT 0,
  CONSTRAINT pk_stream_records PRIMARY KEY CLUSTERED (job_id, attempt, number)
);

CREATE INDEX stream_records_by_stream ON runsmith.stream_records (job_id, stream, attempt, number) WHERE stream <> 0;

-- `lease_duration`: milliseconds, NULL where the installation's holds.
CREATE TABLE runsmith.worker_groups (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_worker_groups_workspace REFERENCES runsmith.workspaces (workspace_id),
  name nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_worker_groups_description DEFAULT N'',
  lease_duration bigint NULL,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_worker_groups_revision DEFAULT 1,
  CONSTRAINT pk_worker_groups PRIMARY KEY CLUSTERED (workspace_id, name)
);

-- `status`: connected, draining, lost, disconnected, never-connected, removed. The lease lives here, one row a worker.
-- `admission`: open, cordoned, draining: what operators allow it. `host_kinds`: JSON, with versions and slots; `tags`: a JSON array;
-- `vitals`: JSON of its last heartbeat.
CREATE TABLE runsmith.workers (
  workspace_id binary(16) NOT NULL,
  worker_id binary(16) NOT NULL CONSTRAINT pk_workers PRIMARY KEY CLUSTERED,
  principal_id binary(16) NOT NULL,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  worker_group nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  tags nvarchar(max) NOT NULL CONSTRAINT df_workers_tags DEFAULT N'[]' CONSTRAINT ck_workers_tags CHECK (ISJSON(tags) = 1),
  admission nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT df_workers_admission DEFAULT N'open',
  status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  instance_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  -- Of its link now, made anew with each hello: a service that gives it a job names the link that it has to it.
  link_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  version nvarchar(1024) NULL,
  protocol int NULL,
  host_name nvarchar(1024) NULL,
  sandbox nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  slots int NOT NULL CONSTRAINT df_workers_slots DEFAULT 0,
  host_kinds nvarchar(max) NOT NULL
    CONSTRAINT df_workers_host_kinds DEFAULT N'[]' CONSTRAINT ck_workers_host_kinds CHECK (ISJSON(host_kinds) = 1),
  vitals nvarchar(max) NULL CONSTRAINT ck_workers_vitals CHECK (ISJSON(vitals) = 1),
  lease_duration bigint NULL,
  lease_expires_at datetime2(3) NULL,
  last_seen_at datetime2(3) NULL,
  -- Since when it takes no jobs, for whatever reason; NULL while it does.
  unavailable_since datetime2(3) NULL,
  created_at datetime2(3) NOT NULL,
  CONSTRAINT uq_workers_name UNIQUE (workspace_id, name)
);

-- Which service does what one alone should do. Of use where several services share a database.
CREATE TABLE runsmith.duty_leases (
  duty nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT pk_duty_leases PRIMARY KEY CLUSTERED,
  holder nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
  taken_at datetime2(3) NOT NULL,
  expires_at datetime2(3) NOT NULL
);

-- Tokens that were revoked, or whose principal was changed, for services that remember them. Written where several services share a
-- database.
CREATE TABLE runsmith.revoked_tokens (
  token_id binary(16) NOT NULL CONSTRAINT pk_revoked_tokens PRIMARY KEY CLUSTERED,
  revoked_at datetime2(3) NOT NULL,
  row_version rowversion NOT NULL
);

CREATE INDEX revoked_tokens_by_change ON runsmith.revoked_tokens (row_version);

-- Requests that carried an `Idempotency-Key`; `request_hash` recognises a key used for something else. `result` is what the
-- operation gave, written in its own transaction; `status` and `body` are the answer that was sent, kept after it.
CREATE TABLE runsmith.idempotency_keys (
  workspace_id binary(16) NOT NULL,
  principal_id binary(16) NOT NULL,
  [key] nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  request_hash binary(32) NOT NULL,
  result nvarchar(max) NULL,
  status int NULL,
  body nvarchar(max) NULL,
  created_at datetime2(3) NOT NULL,
  CONSTRAINT pk_idempotency_keys PRIMARY KEY CLUSTERED (workspace_id, principal_id, [key])
);

CREATE INDEX idempotency_keys_by_age ON runsmith.idempotency_keys (created_at);

-- Who is told of what. `events` is a JSON array, `target` a JSON object without secrets; the times are milliseconds. `start_late_seen`
-- (a job) and `running_long_seen_at` (a claim) are how far the looks for late jobs have come; `retry_at` holds deliveries back after
-- `failures`.
CREATE TABLE runsmith.notice_rules (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_notice_rules_workspace REFERENCES runsmith.workspaces (workspace_id),
  rule_id binary(16) NOT NULL CONSTRAINT pk_notice_rules PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  enabled bit NOT NULL CONSTRAINT df_notice_rules_enabled DEFAULT 1,
  events nvarchar(max) NOT NULL CONSTRAINT ck_notice_rules_events CHECK (ISJSON(events) = 1),
  runbook_id binary(16) NULL,
  worker_group nvarchar(128) COLLATE Latin1_General_CI_AS NULL,
  tag nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  start_late_after bigint NULL,
  running_long_after bigint NULL,
  throttle bigint NOT NULL,
  target nvarchar(max) NOT NULL CONSTRAINT ck_notice_rules_target CHECK (ISJSON(target) = 1),
  start_late_seen binary(16) NULL,
  running_long_seen_at datetime2(3) NULL,
  failures int NOT NULL CONSTRAINT df_notice_rules_failures DEFAULT 0,
  retry_at datetime2(3) NULL,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_notice_rules_revision DEFAULT 1,
  CONSTRAINT uq_notice_rules_name UNIQUE (workspace_id, name)
);

-- What has happened and no notice was made of yet: written with what happened, gone with the notice. `subject_id`: the job, or the
-- worker, whose name and group are kept since it may be gone.
CREATE TABLE runsmith.notice_events (
  happened_at datetime2(3) NOT NULL,
  subject_id binary(16) NOT NULL,
  event nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  worker_name nvarchar(256) COLLATE Latin1_General_CI_AS NULL,
  worker_group nvarchar(128) COLLATE Latin1_General_CI_AS NULL,
  reason nvarchar(max) NULL,
  CONSTRAINT pk_notice_events PRIMARY KEY CLUSTERED (happened_at, subject_id, event)
);

-- `about_id`: the runbook or the worker. `status`: waiting, delivered, given-up, cancelled; `next_attempt_at` is set while it waits,
-- and is moved on by who tries a delivery.
CREATE TABLE runsmith.notices (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_notices_workspace REFERENCES runsmith.workspaces (workspace_id),
  notice_id binary(16) NOT NULL CONSTRAINT pk_notices PRIMARY KEY CLUSTERED,
  rule_id binary(16) NOT NULL,
  rule_name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  event nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  about_id binary(16) NOT NULL,
  occurrences int NOT NULL,
  facts nvarchar(max) NOT NULL CONSTRAINT ck_notices_facts CHECK (ISJSON(facts) = 1),
  status nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  attempts int NOT NULL CONSTRAINT df_notices_attempts DEFAULT 0,
  reason nvarchar(max) NULL,
  happened_at datetime2(3) NOT NULL,
  created_at datetime2(3) NOT NULL,
  next_attempt_at datetime2(3) NULL,
  delivered_at datetime2(3) NULL
);

CREATE INDEX notices_by_rule ON runsmith.notices (workspace_id, rule_id, notice_id);
CREATE INDEX notices_by_status ON runsmith.notices (workspace_id, status, notice_id);
CREATE INDEX notices_by_group ON runsmith.notices (rule_id, event, about_id, notice_id);
CREATE INDEX notices_due ON runsmith.notices (next_attempt_at, notice_id) WHERE next_attempt_at IS NOT NULL;

-- The attempts to deliver a notice.
CREATE TABLE runsmith.notice_deliveries (
  notice_id binary(16) NOT NULL
    CONSTRAINT fk_notice_deliveries_notice REFERENCES runsmith.notices (notice_id) ON DELETE CASCADE,
  attempt int NOT NULL,
  started_at datetime2(3) NOT NULL,
  ended_at datetime2(3) NULL,
  outcome nvarchar(20) COLLATE Latin1_General_BIN2 NULL,
  status_code int NULL,
  detail nvarchar(max) NULL,
  CONSTRAINT pk_notice_deliveries PRIMARY KEY CLUSTERED (notice_id, attempt)
);
