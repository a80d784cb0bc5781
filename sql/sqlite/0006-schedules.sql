-- Schedules: when runbooks are started without anybody asking.
-- Oldest program: 1

-- Grows with each change of schedules, links and calendars, so that services see whether what they remember is old.
ALTER TABLE workspaces ADD COLUMN schedule_changes INTEGER NOT NULL DEFAULT 0;

-- The schedule that started it, and the time that it was due at.
ALTER TABLE jobs ADD COLUMN schedule_id BLOB;
ALTER TABLE jobs ADD COLUMN due_at INTEGER;

-- Of a link that missed times or was refused a job; the subject is the link.
ALTER TABLE notice_events ADD COLUMN schedule_name TEXT;
ALTER TABLE notice_events ADD COLUMN runbook_id BLOB;
ALTER TABLE notice_events ADD COLUMN runbook_name TEXT;
ALTER TABLE notice_events ADD COLUMN due_at INTEGER;

-- `windows`: a JSON array.
CREATE TABLE calendars (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  calendar_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL DEFAULT '',
  time_zone TEXT NOT NULL,
  windows TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, name)
) STRICT;

-- `recurrence`, `misfire`: JSON objects; `except_dates`: a JSON array of dates; `jitter`, `missed_after`: milliseconds.
CREATE TABLE schedules (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  schedule_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL DEFAULT '',
  enabled INTEGER NOT NULL DEFAULT 1,
  time_zone TEXT NOT NULL,
  recurrence TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  expires_at INTEGER,
  except_dates TEXT NOT NULL DEFAULT '[]',
  jitter INTEGER NOT NULL DEFAULT 0,
  misfire TEXT NOT NULL,
  missed_after INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE schedule_calendars (
  schedule_id BLOB NOT NULL REFERENCES schedules ON DELETE CASCADE,
  calendar_id BLOB NOT NULL REFERENCES calendars,
  PRIMARY KEY (schedule_id, calendar_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_calendars_by_calendar ON schedule_calendars (calendar_id, schedule_id);

-- Which runbook a schedule starts. `decided_until_at`: of times up to this one it is decided what became of them.
CREATE TABLE schedule_links (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  link_id BLOB NOT NULL PRIMARY KEY,
  schedule_id BLOB NOT NULL REFERENCES schedules ON DELETE CASCADE,
  runbook_id BLOB NOT NULL REFERENCES runbooks ON DELETE CASCADE,
  parameters TEXT NOT NULL,
  priority INTEGER,
  enabled INTEGER NOT NULL DEFAULT 1,
  decided_until_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  creator_id BLOB,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX schedule_links_by_schedule ON schedule_links (schedule_id, link_id);
CREATE INDEX schedule_links_by_runbook ON schedule_links (runbook_id, link_id);

-- What became of each time at which a link was due; the key is why no time has two jobs. `outcome`: started, missed, refused.
-- `last_due_at`: of many missed times told in one row, the last one. Names are kept as they were.
CREATE TABLE scheduled_times (
  workspace_id BLOB NOT NULL,
  link_id BLOB NOT NULL,
  due_at INTEGER NOT NULL,
  schedule_id BLOB NOT NULL,
  schedule_name TEXT NOT NULL,
  runbook_id BLOB NOT NULL,
  runbook_name TEXT NOT NULL,
  outcome TEXT NOT NULL,
  last_due_at INTEGER,
  job_id BLOB,
  reason TEXT,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (link_id, due_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX scheduled_times_by_time ON scheduled_times (workspace_id, due_at, link_id);
CREATE INDEX scheduled_times_by_schedule ON scheduled_times (schedule_id, due_at, link_id);
CREATE INDEX scheduled_times_by_runbook ON scheduled_times (runbook_id, due_at, link_id);
CREATE INDEX scheduled_times_by_decision ON scheduled_times (decided_at, link_id, due_at);
