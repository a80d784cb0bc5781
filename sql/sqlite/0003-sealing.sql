-- The master keys that secrets were sealed by; never the keys themselves. `state`: next (announced), current (seals), retiring (its values are
-- being sealed by the current one), retired.
CREATE TABLE master_keys (
  key_id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed values of the installation itself. `name`: root, from which other keys are derived; canary …, written and read by a service that starts.
CREATE TABLE sealing_secrets (
  secret_id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (name)
) STRICT;

-- The master keys that each service can read (a JSON array of ids) and the one that it seals by, as it said last.
CREATE TABLE sealing_services (
  service TEXT NOT NULL PRIMARY KEY,
  readable_keys TEXT NOT NULL,
  sealing_key TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
