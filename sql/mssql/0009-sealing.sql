-- The master keys that secrets were sealed by; never the keys themselves. `state`: next (announced), current (seals), retiring (its values are
-- being sealed by the current one), retired.
CREATE TABLE runsmith.master_keys (
  key_id nvarchar(16) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT pk_master_keys PRIMARY KEY CLUSTERED,
  state nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL,
  created_at datetime2(3) NOT NULL,
  changed_at datetime2(3) NOT NULL
);
GO

-- Sealed values of the installation itself. `name`: root, from which other keys are derived; canary …, written and read by a service that starts.
CREATE TABLE runsmith.sealing_secrets (
  secret_id binary(16) NOT NULL CONSTRAINT pk_sealing_secrets PRIMARY KEY CLUSTERED,
  name nvarchar(128) COLLATE Latin1_General_BIN2 NOT NULL,
  version int NOT NULL,
  sealed varbinary(max) NOT NULL,
  created_at datetime2(3) NOT NULL,
  CONSTRAINT uq_sealing_secrets_name UNIQUE (name)
);
GO

-- The master keys that each service can read (a JSON array of ids) and the one that it seals by, as it said last.
CREATE TABLE runsmith.sealing_services (
  service nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL CONSTRAINT pk_sealing_services PRIMARY KEY CLUSTERED,
  readable_keys nvarchar(max) NOT NULL CONSTRAINT ck_sealing_services_readable_keys CHECK (ISJSON(readable_keys) = 1),
  sealing_key nvarchar(16) COLLATE Latin1_General_BIN2 NOT NULL,
  seen_at datetime2(3) NOT NULL
);
GO
