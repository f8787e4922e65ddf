ALTER TABLE sessions_history DROP COLUMN nas_address;
ALTER TABLE sessions DROP COLUMN nas_address;
ALTER TABLE enforcements
    DROP CONSTRAINT enforcements_ends,
    DROP COLUMN goal_ends_at,
    DROP COLUMN before_ends_at;
ALTER TABLE session_terms DROP COLUMN ends_at;
