-- Schedules: when runbooks are started without anybody asking.
-- Oldest program: 7

-- Grows with each change of schedules, links and calendars, so that services see whether what they remember is old.
ALTER TABLE runsmith.workspaces ADD schedule_changes bigint NOT NULL CONSTRAINT df_workspaces_schedule_changes DEFAULT 0;
GO

-- The schedule that started it, and the time that it was due at.
ALTER TABLE runsmith.jobs ADD schedule_id binary(16) NULL;
ALTER TABLE runsmith.jobs ADD due_at datetime2(3) NULL;
GO

-- Of a link that missed times or was refused a job; the subject is the link.
ALTER TABLE runsmith.notice_events ADD schedule_name nvarchar(256) COLLATE Latin1_General_CI_AS NULL;
ALTER TABLE runsmith.notice_events ADD runbook_id binary(16) NULL;
ALTER TABLE runsmith.notice_events ADD runbook_name nvarchar(256) COLLATE Latin1_General_CI_AS NULL;
ALTER TABLE runsmith.notice_events ADD due_at datetime2(3) NULL;
GO

-- `windows`: a JSON array.
CREATE TABLE runsmith.calendars (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_calendars_workspace REFERENCES runsmith.workspaces (workspace_id),
  calendar_id binary(16) NOT NULL CONSTRAINT pk_calendars PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_calendars_description DEFAULT N'',
  time_zone nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
  windows nvarchar(max) NOT NULL CONSTRAINT ck_calendars_windows CHECK (ISJSON(windows) = 1),
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_calendars_revision DEFAULT 1,
  CONSTRAINT uq_calendars_name UNIQUE (workspace_id, name)
);

-- `recurrence`, `misfire`: JSON objects; `except_dates`: a JSON array of dates; `jitter`, `missed_after`: milliseconds.
CREATE TABLE runsmith.schedules (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_schedules_workspace REFERENCES runsmith.workspaces (workspace_id),
  schedule_id binary(16) NOT NULL CONSTRAINT pk_schedules PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_schedules_description DEFAULT N'',
  enabled bit NOT NULL CONSTRAINT df_schedules_enabled DEFAULT 1,
  time_zone nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
  recurrence nvarchar(max) NOT NULL CONSTRAINT ck_schedules_recurrence CHECK (ISJSON(recurrence) = 1),
  starts_at datetime2(3) NOT NULL,
  expires_at datetime2(3) NULL,
  except_dates nvarchar(max) NOT NULL CONSTRAINT df_schedules_except_dates DEFAULT N'[]'
    CONSTRAINT ck_schedules_except_dates CHECK (ISJSON(except_dates) = 1),
  jitter bigint NOT NULL CONSTRAINT df_schedules_jitter DEFAULT 0,
  misfire nvarchar(max) NOT NULL CONSTRAINT ck_schedules_misfire CHECK (ISJSON(misfire) = 1),
  missed_after bigint NOT NULL,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_schedules_revision DEFAULT 1,
  CONSTRAINT uq_schedules_name UNIQUE (workspace_id, name)
);

CREATE TABLE runsmith.schedule_calendars (
  schedule_id binary(16) NOT NULL
    CONSTRAINT fk_schedule_calendars_schedule REFERENCES runsmith.schedules (schedule_id) ON DELETE CASCADE,
  calendar_id binary(16) NOT NULL
    CONSTRAINT fk_schedule_calendars_calendar REFERENCES runsmith.calendars (calendar_id),
  CONSTRAINT pk_schedule_calendars PRIMARY KEY CLUSTERED (schedule_id, calendar_id)
);

CREATE INDEX schedule_calendars_by_calendar ON runsmith.schedule_calendars (calendar_id, schedule_id);

-- Which runbook a schedule starts. `decided_until_at`: of times up to this one it is decided what became of them.
CREATE TABLE runsmith.schedule_links (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_schedule_links_workspace REFERENCES runsmith.workspaces (workspace_id),
  link_id binary(16) NOT NULL CONSTRAINT pk_schedule_links PRIMARY KEY CLUSTERED,
  schedule_id binary(16) NOT NULL
    CONSTRAINT fk_schedule_links_schedule REFERENCES runsmith.schedules (schedule_id) ON DELETE CASCADE,
  runbook_id binary(16) NOT NULL
    CONSTRAINT fk_schedule_links_runbook REFERENCES runsmith.runbooks (runbook_id) ON DELETE CASCADE,
  parameters nvarchar(max) NOT NULL CONSTRAINT ck_schedule_links_parameters CHECK (ISJSON(parameters) = 1),
  priority int NULL,
  enabled bit NOT NULL CONSTRAINT df_schedule_links_enabled DEFAULT 1,
  decided_until_at datetime2(3) NOT NULL,
  created_at datetime2(3) NOT NULL,
  created_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  creator_id binary(16) NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_schedule_links_revision DEFAULT 1
);

CREATE INDEX schedule_links_by_schedule ON runsmith.schedule_links (schedule_id, link_id);
CREATE INDEX schedule_links_by_runbook ON runsmith.schedule_links (runbook_id, link_id);

-- What became of each time at which a link was due; the key is why no time has two jobs. `outcome`: started, missed, refused.
-- `last_due_at`: of many missed times told in one row, the last one. Names are kept as they were.
CREATE TABLE runsmith.scheduled_times (
  workspace_id binary(16) NOT NULL,
  link_id binary(16) NOT NULL,
  due_at datetime2(3) NOT NULL,
  schedule_id binary(16) NOT NULL,
  schedule_name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  runbook_id binary(16) NOT NULL,
  runbook_name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  outcome nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  last_due_at datetime2(3) NULL,
  job_id binary(16) NULL,
  reason nvarchar(max) NULL,
  decided_at datetime2(3) NOT NULL,
  CONSTRAINT pk_scheduled_times PRIMARY KEY CLUSTERED (link_id, due_at)
);

CREATE INDEX scheduled_times_by_time ON runsmith.scheduled_times (workspace_id, due_at, link_id);
CREATE INDEX scheduled_times_by_schedule ON runsmith.scheduled_times (schedule_id, due_at, link_id);
CREATE INDEX scheduled_times_by_runbook ON runsmith.scheduled_times (runbook_id, due_at, link_id);
CREATE INDEX scheduled_times_by_decision ON runsmith.scheduled_times (decided_at, link_id, due_at);
GO
