-- Oldest program: 4
-- The audit: who did what, when and from where. An entry is written in the transaction of the change that it tells, and never changed;
-- only `sequence` and `mac`, its place in the chain, are added soon after. `principal_kind`: as in principals, or `service`.
-- `signed_in_by`: the token or the session; `state_before`, `state_after`: JSON objects; `stamp`: what the key named by `key_id` made of the entry.
CREATE TABLE audit_entries (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  entry_id BLOB NOT NULL PRIMARY KEY,
  happened_at INTEGER NOT NULL,
  principal_id BLOB,
  principal_name TEXT NOT NULL COLLATE NOCASE,
  principal_kind TEXT NOT NULL,
  signed_in_by TEXT,
  address TEXT,
  request_id TEXT,
  action TEXT NOT NULL,
  thing_kind TEXT NOT NULL,
  thing_id TEXT,
  thing_name TEXT COLLATE NOCASE,
  state_before TEXT,
  state_after TEXT,
  key_id TEXT,
  stamp BLOB,
  sequence INTEGER,
  mac BLOB
) STRICT;

CREATE INDEX audit_entries_by_principal ON audit_entries (workspace_id, principal_name, entry_id);
CREATE INDEX audit_entries_by_thing ON audit_entries (workspace_id, thing_id, entry_id);
CREATE INDEX audit_entries_by_thing_name ON audit_entries (workspace_id, thing_name, entry_id);
CREATE INDEX audit_entries_by_sequence ON audit_entries (workspace_id, sequence, entry_id);

-- Where the chain of entries ends (`head`), and where it begins since older entries were purged (`purged`), each signed.
CREATE TABLE audit_anchors (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  purpose TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  mac BLOB NOT NULL,
  key_id TEXT NOT NULL,
  signed_at INTEGER NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (workspace_id, purpose)
) STRICT, WITHOUT ROWID;
