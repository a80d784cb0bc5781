-- Of certificates that end soon, or have ended: which warnings were given, by the days before the end. One that is replaced is warned of anew.
CREATE TABLE runsmith.certificate_warnings (
  asset_id binary(16) NOT NULL CONSTRAINT fk_certificate_warnings_asset REFERENCES runsmith.assets (asset_id) ON DELETE CASCADE,
  expires_at datetime2(3) NOT NULL,
  days int NOT NULL,
  warned_at datetime2(3) NOT NULL,
  CONSTRAINT pk_certificate_warnings PRIMARY KEY CLUSTERED (asset_id, expires_at, days)
);
GO
