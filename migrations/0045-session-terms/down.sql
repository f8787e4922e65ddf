DROP INDEX sessions_live;
CREATE INDEX sessions_live ON sessions (tenant_id, nas_id) WHERE ended_at IS NULL;
ALTER TABLE enforcements
    DROP CONSTRAINT enforcements_goal,
    DROP CONSTRAINT enforcements_base,
    DROP COLUMN goal_digest,
    DROP COLUMN goal_source,
    DROP COLUMN goal_speeds,
    DROP COLUMN before_speeds,
    DROP COLUMN way,
    DROP COLUMN base_at,
    DROP COLUMN base_octets;
DROP TABLE session_terms;
