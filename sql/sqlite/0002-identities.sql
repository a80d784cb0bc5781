-- Who may sign in, and as whom.

ALTER TABLE principals ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE principals ADD COLUMN modified_at INTEGER;
ALTER TABLE principals ADD COLUMN modified_by TEXT;
ALTER TABLE principals ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- `scope`: JSON array of the permissions that the token has at most, NULL for all of its principal's.
ALTER TABLE tokens ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN scope TEXT;
ALTER TABLE tokens ADD COLUMN created_by TEXT;

-- What users have beside their principal; one that never had any of it has no row. `password_hash` in the PHC string format, NULL for
-- users who sign in elsewhere.
CREATE TABLE users (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  principal_id BLOB NOT NULL PRIMARY KEY REFERENCES principals ON DELETE CASCADE,
  display_name TEXT NOT NULL DEFAULT '',
  email TEXT,
  password_hash TEXT,
  password_changed_at INTEGER,
  must_change_password INTEGER NOT NULL DEFAULT 0,
  signed_in_at INTEGER
) STRICT;

-- `source`: empty when somebody made it a member, else the sign-in provider that did. Both columns refer to principals, of which SQL
-- Server lets only one cascade: the members of a group are deleted before it.
CREATE TABLE group_members (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  group_id BLOB NOT NULL REFERENCES principals,
  member_id BLOB NOT NULL REFERENCES principals ON DELETE CASCADE,
  source TEXT NOT NULL DEFAULT '',
  added_at INTEGER NOT NULL,
  added_by TEXT NOT NULL,
  PRIMARY KEY (workspace_id, group_id, member_id, source)
) STRICT;

CREATE INDEX group_members_by_member ON group_members (workspace_id, member_id, group_id);

-- Whom a user is at a sign-in provider. `identity_hash`: SHA-256 of issuer and subject.
CREATE TABLE user_identities (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  identity_hash BLOB NOT NULL,
  principal_id BLOB NOT NULL REFERENCES principals ON DELETE CASCADE,
  provider TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, identity_hash)
) STRICT;

CREATE INDEX user_identities_by_principal ON user_identities (workspace_id, principal_id);

-- Users who are signed in with a browser. A session ends at `ends_at`, or when it was not used until `idle_at`. `method`: how its user
-- signed in, `password` or the name of a provider.
CREATE TABLE sessions (
  workspace_id BLOB NOT NULL REFERENCES workspaces,
  session_id BLOB NOT NULL PRIMARY KEY,
  principal_id BLOB NOT NULL REFERENCES principals ON DELETE CASCADE,
  method TEXT NOT NULL,
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  idle_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_principal ON sessions (workspace_id, principal_id, session_id);

-- What the cookies of a session hold, as SHA-256 of 32 random bytes. `ends_at` is NULL for the newest that was seen, and for one that was
-- sent and not seen yet.
CREATE TABLE session_secrets (
  hash BLOB NOT NULL PRIMARY KEY,
  session_id BLOB NOT NULL REFERENCES sessions ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  ends_at INTEGER
) STRICT;

CREATE INDEX session_secrets_by_session ON session_secrets (session_id, created_at);
