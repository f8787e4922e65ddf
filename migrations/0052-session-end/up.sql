-- When each live session ends by itself because its service does, and where its NAS is where that NAS's row is a range of
-- addresses (COA-02, COA-06). docs/COA.md says what follows.

ALTER TABLE session_terms
    -- As its login granted it or its NAS acknowledged since; null where it ends otherwise, or nobody knows.
    ADD COLUMN ends_at timestamptz;

ALTER TABLE enforcements
    -- When a change wants the session to end by itself, and when it would have; null where it says nothing of that.
    ADD COLUMN goal_ends_at timestamptz,
    ADD COLUMN before_ends_at timestamptz,
    ADD CONSTRAINT enforcements_ends CHECK ((goal_ends_at IS NULL) = (before_ends_at IS NULL));
GRANT UPDATE (goal_ends_at, before_ends_at) ON enforcements TO nexora_pipeline;

-- Where its NAS's packets come from; null where the NAS's row is one address.
ALTER TABLE sessions ADD COLUMN nas_address inet;
ALTER TABLE sessions_history ADD COLUMN nas_address inet;
