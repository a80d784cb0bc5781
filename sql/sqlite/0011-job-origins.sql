-- Oldest program: 10
-- From where a job was started, for the audit, which writes no entry for each: JSON with signedInBy, address, requestId; NULL where the
-- service started it by itself.
ALTER TABLE jobs ADD COLUMN started_from TEXT;
