-- Providers of OpenID Connect by which users may sign in. `settings`: a JSON object, without the secret of the client, which is sealed.
CREATE TABLE sign_in_providers (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  provider_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  sealed_secret BLOB,
  secret_version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (workspace_id, name)
) STRICT;
