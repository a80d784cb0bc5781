-- Variables, credentials, connections with their types, certificates and vaults. `name_key`: the name as it counts, without regard to case.
-- `content`: what is not secret, JSON by kind; `sealed`: what is. `value_version` grows with each new secret.
CREATE TABLE runsmith.assets (
  workspace_id binary(16) NOT NULL CONSTRAINT fk_assets_workspace REFERENCES runsmith.workspaces (workspace_id),
  asset_id binary(16) NOT NULL CONSTRAINT pk_assets PRIMARY KEY CLUSTERED,
  kind nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL,
  name nvarchar(512) COLLATE Latin1_General_BIN2 NOT NULL,
  name_key nvarchar(512) COLLATE Latin1_General_BIN2 NOT NULL,
  description nvarchar(max) NOT NULL CONSTRAINT df_assets_description DEFAULT N'',
  content nvarchar(max) NOT NULL CONSTRAINT ck_assets_content CHECK (ISJSON(content) = 1),
  sealed varbinary(max) NULL,
  value_version int NOT NULL CONSTRAINT df_assets_value_version DEFAULT 1,
  expires_at datetime2(3) NULL,
  created_at datetime2(3) NOT NULL,
  modified_at datetime2(3) NOT NULL,
  modified_by nvarchar(256) COLLATE Latin1_General_CI_AS NOT NULL,
  revision int NOT NULL CONSTRAINT df_assets_revision DEFAULT 1,
  CONSTRAINT uq_assets_name UNIQUE (workspace_id, kind, name_key)
);
GO

CREATE INDEX assets_by_expiry ON runsmith.assets (expires_at, asset_id) WHERE expires_at IS NOT NULL;
GO

-- Which asset is made with which: a connection with its type, whatever is read from a vault with that.
CREATE TABLE runsmith.asset_uses (
  asset_id binary(16) NOT NULL CONSTRAINT fk_asset_uses_asset REFERENCES runsmith.assets (asset_id) ON DELETE CASCADE,
  used_id binary(16) NOT NULL,
  CONSTRAINT pk_asset_uses PRIMARY KEY CLUSTERED (asset_id, used_id)
);
GO

CREATE INDEX asset_uses_by_used ON runsmith.asset_uses (used_id, asset_id);
GO
