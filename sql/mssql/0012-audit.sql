-- Oldest program: 11
-- The audit: who did what, when and from where. An entry is written in the transaction of the change that it tells, and never changed;
-- only `sequence` and `mac`, its place in the chain, are added soon after. `principal_kind`: as in principals, or `service`.
-- `signed_in_by`: the token or the session; `state_before`, `state_after`: JSON objects; `stamp`: what the key named by `key_id` made of the entry.
CREATE TABLE runsmith.audit_entries (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_audit_entries_workspace REFERENCES runsmith.workspaces (workspace_id),
  entry_id binary(16) NOT NULL CONSTRAINT pk_audit_entries PRIMARY KEY CLUSTERED,
  happened_at datetime2(3) NOT NULL,
  principal_id binary(16) NULL,
  principal_name nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  principal_kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  signed_in_by nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  address nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  request_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  action nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  thing_kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  thing_id nvarchar(128) COLLATE Latin1_General_BIN2 NULL,
  thing_name nvarchar(256) COLLATE Latin1_General_CI_AS NULL,
  state_before nvarchar(max) NULL,
  state_after nvarchar(max) NULL,
  key_id nvarchar(64) COLLATE Latin1_General_BIN2 NULL,
  stamp varbinary(32) NULL,
  sequence bigint NULL,
  mac varbinary(32) NULL
);

CREATE INDEX audit_entries_by_principal ON runsmith.audit_entries (workspace_id, principal_name, entry_id);
CREATE INDEX audit_entries_by_thing ON runsmith.audit_entries (workspace_id, thing_id, entry_id);
CREATE INDEX audit_entries_by_thing_name ON runsmith.audit_entries (workspace_id, thing_name, entry_id);
CREATE INDEX audit_entries_by_sequence ON runsmith.audit_entries (workspace_id, sequence, entry_id);

-- Where the chain of entries ends (`head`), and where it begins since older entries were purged (`purged`), each signed.
CREATE TABLE runsmith.audit_anchors (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_audit_anchors_workspace REFERENCES runsmith.workspaces (workspace_id),
  purpose nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  sequence bigint NOT NULL,
  mac varbinary(32) NOT NULL,
  key_id nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  signed_at datetime2(3) NOT NULL,
  signature varbinary(32) NOT NULL,
  CONSTRAINT pk_audit_anchors PRIMARY KEY CLUSTERED (workspace_id, purpose)
);
