-- What a login's answer needs to know of a service's quotas that slow it down or keep it out: how much of each window is gone. A row
-- of its own, so that the service's row keeps its version, its history and its size however often this is written.
CREATE TABLE quota_headroom (
    tenant_id   uuid NOT NULL,
    service_id  uuid NOT NULL,
    -- Three numbers for each quota: the lower 63 bits of its id; what is used of the window, as it counts, less what was bought;
    -- and the window's end in seconds since 1970.
    used        bigint[] NOT NULL CHECK (cardinality(used) % 3 = 0 AND cardinality(used) <= 24),
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, service_id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE TRIGGER quota_headroom_stamp BEFORE INSERT OR UPDATE ON quota_headroom FOR EACH ROW EXECUTE FUNCTION stamp_row();
-- Announced as the service that it is part of. It goes with its service alone, which announces that itself.
CREATE TRIGGER quota_headroom_announce_insert AFTER INSERT ON quota_headroom REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change('SERVICE', 'service_id', 'row');
CREATE TRIGGER quota_headroom_announce_update AFTER UPDATE ON quota_headroom REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change('SERVICE', 'service_id', 'row');

ALTER TABLE quota_headroom ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota_headroom FORCE ROW LEVEL SECURITY;
CREATE POLICY quota_headroom_gateway ON quota_headroom TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY quota_headroom_billing ON quota_headroom TO nexora_billing USING (true) WITH CHECK (true);
CREATE POLICY quota_headroom_pipeline ON quota_headroom FOR SELECT TO nexora_pipeline USING (true);
GRANT SELECT ON quota_headroom TO nexora_gateway, nexora_pipeline, nexora_billing;
GRANT INSERT, UPDATE ON quota_headroom TO nexora_billing;

-- A period's month begins on the day on which the subscription was activated.
GRANT UPDATE (quota_anchor) ON services TO nexora_billing;
