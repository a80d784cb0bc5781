-- Providers of OpenID Connect by which users may sign in. `settings`: a JSON object, without the secret of the client, which is sealed.
CREATE TABLE runsmith.sign_in_providers (
  workspace_id binary(16) NOT NULL
    CONSTRAINT fk_sign_in_providers_workspace REFERENCES runsmith.workspaces (workspace_id),
  provider_id binary(16) NOT NULL CONSTRAINT pk_sign_in_providers PRIMARY KEY CLUSTERED,
  name nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
  settings nvarchar(max) NOT NULL CONSTRAINT ck_sign_in_providers_settings CHECK (ISJSON(settings) = 1),
  enabled bit NOT NULL CONSTRAINT df_sign_in_providers_enabled DEFAULT 1,
  sealed_secret varbinary(max) NULL,
  secret_version int NOT NULL CONSTRAINT df_sign_in_providers_secret_version DEFAULT 1,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  revision int NOT NULL CONSTRAINT df_sign_in_providers_revision DEFAULT 1,
  CONSTRAINT uq_sign_in_providers_name UNIQUE (workspace_id, name)
);
