-- Variables, credentials, connections with their types, certificates and vaults. `name_key`: the name as it counts, without regard to case.
-- `content`: what is not secret, JSON by kind; `sealed`: what is. `value_version` grows with each new secret.
CREATE TABLE assets (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  asset_id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  sealed BLOB,
  value_version INTEGER NOT NULL DEFAULT 1,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, kind, name_key)
) STRICT;

CREATE INDEX assets_by_expiry ON assets (expires_at, asset_id) WHERE expires_at IS NOT NULL;

-- Which asset is made with which: a connection with its type, whatever is read from a vault with that.
CREATE TABLE asset_uses (
  asset_id BLOB NOT NULL REFERENCES assets ON DELETE CASCADE,
  used_id BLOB NOT NULL,
  PRIMARY KEY (asset_id, used_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX asset_uses_by_used ON asset_uses (used_id, asset_id);
