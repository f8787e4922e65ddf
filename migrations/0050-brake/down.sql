ALTER TABLE enforcements DROP COLUMN base_seconds;
ALTER TABLE session_terms DROP COLUMN refusals;
