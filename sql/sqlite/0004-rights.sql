-- Who may do what, folders of runbooks, and whom jobs act as. It only adds: programs of before work on.
-- Oldest program: 3

-- `name`: the whole path, such as `Ops/Network`.
CREATE TABLE folders (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  folder_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  UNIQUE (workspace_id, name)
) STRICT;

-- One role of a principal on one thing and what is in it. `scope`: everything, folder, runbook, asset, worker-group. A worker group is
-- named by `subject_name`, the others by `subject_id`; what does not name is empty.
CREATE TABLE rights (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  right_id BLOB NOT NULL PRIMARY KEY,
  principal_id BLOB NOT NULL REFERENCES principals ON DELETE CASCADE,
  role TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject_id BLOB NOT NULL,
  subject_name TEXT NOT NULL COLLATE NOCASE,
  asset_kind TEXT,
  given_at INTEGER NOT NULL,
  given_by TEXT NOT NULL,
  UNIQUE (workspace_id, principal_id, scope, subject_id, subject_name)
) STRICT;

CREATE INDEX rights_by_subject ON rights (workspace_id, scope, subject_id, subject_name);

-- `folder_id`: NULL in no folder. `run_as`: the principal that its jobs act as, NULL before one was set. Neither refers to its table: who
-- is gone must still be told from nobody.
ALTER TABLE runbooks ADD COLUMN folder_id BLOB;
ALTER TABLE runbooks ADD COLUMN run_as BLOB;

CREATE INDEX runbooks_by_folder ON runbooks (folder_id, runbook_id) WHERE folder_id IS NOT NULL;
CREATE INDEX runbooks_by_run_as ON runbooks (run_as, runbook_id) WHERE run_as IS NOT NULL;

-- The principal that the job acts as: its runbook's at its acceptance, or who tests a draft.
ALTER TABLE jobs ADD COLUMN run_as BLOB;
