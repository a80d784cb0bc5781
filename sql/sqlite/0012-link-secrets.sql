-- Secret parameters of schedule links: sealed, and named in a JSON array. The version grows with each new set of parameters.
-- Oldest program: 11
ALTER TABLE schedule_links ADD COLUMN secret_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE schedule_links ADD COLUMN parameters_version INTEGER NOT NULL DEFAULT 1;
