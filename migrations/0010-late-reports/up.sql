-- What lets reports that come late, or in the wrong order, be understood as if they had come in time.

-- The newest place where a session's counters fell, so that reports that come late from before it still count: age and
-- counters (from and to the subscriber) of the last report before, the same of the first behind, and 1 for a reset, 0 for a
-- wrap at 2^32. Null while they only grew.
ALTER TABLE sessions ADD COLUMN counter_fall bigint[] CHECK (array_length(counter_fall, 1) = 7);
ALTER TABLE sessions_history ADD COLUMN counter_fall bigint[] CHECK (array_length(counter_fall, 1) = 7);

-- When NASes sent Accounting-On or -Off, less their delay: a report that comes after its NAS's restart belongs to a session
-- that is over, whichever consumer takes it. The newest 16 of each NAS.
CREATE TABLE nas_restarts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    nas_id    uuid NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, nas_id, at)
);
ALTER TABLE nas_restarts ENABLE ROW LEVEL SECURITY;
ALTER TABLE nas_restarts FORCE ROW LEVEL SECURITY;
CREATE POLICY nas_restarts_gateway ON nas_restarts FOR SELECT TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY nas_restarts_pipeline ON nas_restarts TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT ON nas_restarts TO nexora_gateway;
GRANT SELECT, INSERT, DELETE ON nas_restarts TO nexora_pipeline;
