-- Who may do what, folders of runbooks, and whom jobs act as. It only adds: programs of before work on.
-- Oldest program: 10

-- `name`: the whole path, such as `Ops/Network`.
CREATE TABLE runsmith.folders (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_folders_workspace REFERENCES runsmith.workspaces (workspace_id),
  folder_id binary(16) NOT NULL CONSTRAINT pk_folders PRIMARY KEY CLUSTERED,
  name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_folders_description DEFAULT N'',
  created_at datetime2(3) NOT NULL,
  created_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  CONSTRAINT uq_folders_name UNIQUE (workspace_id, name)
);

-- One role of a principal on one thing and what is in it. `scope`: everything, folder, runbook, asset, worker-group. A worker group is
-- named by `subject_name`, the others by `subject_id`; what does not name is empty.
CREATE TABLE runsmith.rights (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_rights_workspace REFERENCES runsmith.workspaces (workspace_id),
  right_id binary(16) NOT NULL CONSTRAINT pk_rights PRIMARY KEY CLUSTERED,
  principal_id binary(16) NOT NULL
    CONSTRAINT fk_rights_principal REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  role nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  scope nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  subject_id binary(16) NOT NULL,
  subject_name nvarchar(128) COLLATE Latin1_General_CI_AS NOT NULL,
  asset_kind nvarchar(40) COLLATE Latin1_General_BIN2 NULL,
  given_at datetime2(3) NOT NULL,
  given_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  CONSTRAINT uq_rights_subject UNIQUE (workspace_id, principal_id, scope, subject_id, subject_name)
);

CREATE INDEX rights_by_subject ON runsmith.rights (workspace_id, scope, subject_id, subject_name);

-- `folder_id`: NULL in no folder. `run_as`: the principal that its jobs act as, NULL before one was set. Neither refers to its table: who
-- is gone must still be told from nobody.
ALTER TABLE runsmith.runbooks ADD folder_id binary(16) NULL;
ALTER TABLE runsmith.runbooks ADD run_as binary(16) NULL;

-- The principal that the job acts as: its runbook's at its acceptance, or who tests a draft.
ALTER TABLE runsmith.jobs ADD run_as binary(16) NULL;
GO

CREATE INDEX runbooks_by_folder ON runsmith.runbooks (folder_id, runbook_id) WHERE folder_id IS NOT NULL;
CREATE INDEX runbooks_by_run_as ON runsmith.runbooks (run_as, runbook_id) WHERE run_as IS NOT NULL;
GO
