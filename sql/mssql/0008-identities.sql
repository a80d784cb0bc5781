-- Who may sign in, and as whom.

ALTER TABLE runsmith.principals ADD description nvarchar(max) NOT NULL CONSTRAINT df_principals_description DEFAULT N'';
ALTER TABLE runsmith.principals ADD modified_at datetime2(3) NULL;
ALTER TABLE runsmith.principals ADD modified_by nvarchar(256) COLLATE Latin1_General_BIN2 NULL;
ALTER TABLE runsmith.principals ADD revision int NOT NULL CONSTRAINT df_principals_revision DEFAULT 1;

-- `scope`: JSON array of the permissions that the token has at most, NULL for all of its principal's.
ALTER TABLE runsmith.tokens ADD name nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT df_tokens_name DEFAULT N'';
ALTER TABLE runsmith.tokens ADD scope nvarchar(max) NULL CONSTRAINT ck_tokens_scope CHECK (ISJSON(scope) = 1);
ALTER TABLE runsmith.tokens ADD created_by nvarchar(256) COLLATE Latin1_General_BIN2 NULL;
GO

-- What users have beside their principal; one that never had any of it has no row. `password_hash` in the PHC string format, NULL for
-- users who sign in elsewhere.
CREATE TABLE runsmith.users (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_users_workspace REFERENCES runsmith.workspaces (workspace_id),
  principal_id binary(16) NOT NULL CONSTRAINT pk_users PRIMARY KEY CLUSTERED
    CONSTRAINT fk_users_principal REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  display_name nvarchar(256) NOT NULL CONSTRAINT df_users_display_name DEFAULT N'',
  email nvarchar(320) NULL,
  password_hash nvarchar(512) COLLATE Latin1_General_BIN2 NULL,
  password_changed_at datetime2(3) NULL,
  must_change_password bit NOT NULL CONSTRAINT df_users_must_change_password DEFAULT 0,
  signed_in_at datetime2(3) NULL
);

-- `source`: empty when somebody made it a member, else the sign-in provider that did. Both columns refer to principals, of which only
-- one may cascade: the members of a group are deleted before it.
CREATE TABLE runsmith.group_members (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_group_members_workspace REFERENCES runsmith.workspaces (workspace_id),
  group_id binary(16) NOT NULL CONSTRAINT fk_group_members_group REFERENCES runsmith.principals (principal_id),
  member_id binary(16) NOT NULL
    CONSTRAINT fk_group_members_member REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  source nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT df_group_members_source DEFAULT N'',
  added_at datetime2(3) NOT NULL,
  added_by nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  CONSTRAINT pk_group_members PRIMARY KEY CLUSTERED (workspace_id, group_id, member_id, source)
);

CREATE INDEX group_members_by_member ON runsmith.group_members (workspace_id, member_id, group_id);

-- Whom a user is at a sign-in provider. `identity_hash`: SHA-256 of issuer and subject.
CREATE TABLE runsmith.user_identities (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_user_identities_workspace REFERENCES runsmith.workspaces (workspace_id),
  identity_hash binary(32) NOT NULL,
  principal_id binary(16) NOT NULL
    CONSTRAINT fk_user_identities_principal REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  provider nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  issuer nvarchar(1024) COLLATE Latin1_General_BIN2 NOT NULL,
  subject nvarchar(1024) COLLATE Latin1_General_BIN2 NOT NULL,
  created_at datetime2(3) NOT NULL,
  CONSTRAINT pk_user_identities PRIMARY KEY CLUSTERED (workspace_id, identity_hash)
);

CREATE INDEX user_identities_by_principal ON runsmith.user_identities (workspace_id, principal_id);

-- Users who are signed in with a browser. A session ends at `ends_at`, or when it was not used until `idle_at`. `method`: how its user
-- signed in, `password` or the name of a provider.
CREATE TABLE runsmith.sessions (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_sessions_workspace REFERENCES runsmith.workspaces (workspace_id),
  session_id binary(16) NOT NULL CONSTRAINT pk_sessions PRIMARY KEY CLUSTERED,
  principal_id binary(16) NOT NULL
    CONSTRAINT fk_sessions_principal REFERENCES runsmith.principals (principal_id) ON DELETE CASCADE,
  method nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  address nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  created_at datetime2(3) NOT NULL,
  idle_at datetime2(3) NOT NULL,
  ends_at datetime2(3) NOT NULL
);

CREATE INDEX sessions_by_principal ON runsmith.sessions (workspace_id, principal_id, session_id);

-- What the cookies of a session hold, as SHA-256 of 32 random bytes. `ends_at` is NULL for the newest that was seen, and for one that was
-- sent and not seen yet.
CREATE TABLE runsmith.session_secrets (
  hash binary(32) NOT NULL CONSTRAINT pk_session_secrets PRIMARY KEY CLUSTERED,
  session_id binary(16) NOT NULL
    CONSTRAINT fk_session_secrets_session REFERENCES runsmith.sessions (session_id) ON DELETE CASCADE,
  created_at datetime2(3) NOT NULL,
  ends_at datetime2(3) NULL
);

CREATE INDEX session_secrets_by_session ON runsmith.session_secrets (session_id, created_at);
