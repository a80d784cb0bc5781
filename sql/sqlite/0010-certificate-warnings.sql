-- Of certificates that end soon, or have ended: which warnings were given, by the days before the end. One that is replaced is warned of anew.
CREATE TABLE certificate_warnings (
  asset_id BLOB NOT NULL REFERENCES assets ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  days INTEGER NOT NULL,
  warned_at INTEGER NOT NULL,
  PRIMARY KEY (asset_id, expires_at, days)
) STRICT, WITHOUT ROWID;
