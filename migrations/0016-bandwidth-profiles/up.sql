-- Named sets of speeds that any number of a tenant's plans refer to: where a plan has one, its speeds and hours are the
-- profile's (RAD-18, PLN-10).

CREATE TABLE bandwidth_profiles (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description  text NOT NULL DEFAULT '',
    -- Bit/s; what is not there is no burst, or no guarantee.
    download_bps bigint NOT NULL CHECK (download_bps > 0),
    upload_bps   bigint NOT NULL CHECK (upload_bps > 0),
    burst_download_bps     bigint CHECK (burst_download_bps > 0),
    burst_upload_bps       bigint CHECK (burst_upload_bps > 0),
    threshold_download_bps bigint CHECK (threshold_download_bps > 0),
    threshold_upload_bps   bigint CHECK (threshold_upload_bps > 0),
    burst_seconds          integer CHECK (burst_seconds > 0),
    priority               integer NOT NULL DEFAULT 8 CHECK (priority BETWEEN 1 AND 8),
    guaranteed_download_bps bigint CHECK (guaranteed_download_bps > 0),
    guaranteed_upload_bps   bigint CHECK (guaranteed_upload_bps > 0),
    queue_type   text NOT NULL DEFAULT 'pcq' CHECK (length(queue_type) BETWEEN 1 AND 200),
    parent_queue text CHECK (length(parent_queue) BETWEEN 1 AND 200),
    row_version  bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    CHECK ((burst_download_bps IS NULL) = (burst_upload_bps IS NULL))
);

-- As plan_speed_windows.
CREATE TABLE bandwidth_profile_windows (
    tenant_id    uuid NOT NULL,
    profile_id   uuid NOT NULL,
    position     integer NOT NULL CHECK (position BETWEEN 1 AND 1000000),
    days         integer NOT NULL CHECK (days BETWEEN 1 AND 127),
    start_minute integer NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),
    end_minute   integer NOT NULL CHECK (end_minute BETWEEN 0 AND 1439),
    download_bps bigint NOT NULL CHECK (download_bps > 0),
    upload_bps   bigint NOT NULL CHECK (upload_bps > 0),
    burst_download_bps     bigint CHECK (burst_download_bps > 0),
    burst_upload_bps       bigint CHECK (burst_upload_bps > 0),
    threshold_download_bps bigint CHECK (threshold_download_bps > 0),
    threshold_upload_bps   bigint CHECK (threshold_upload_bps > 0),
    burst_seconds          integer CHECK (burst_seconds > 0),
    priority               integer NOT NULL DEFAULT 8 CHECK (priority BETWEEN 1 AND 8),
    guaranteed_download_bps bigint CHECK (guaranteed_download_bps > 0),
    guaranteed_upload_bps   bigint CHECK (guaranteed_upload_bps > 0),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, profile_id, position),
    FOREIGN KEY (tenant_id, profile_id) REFERENCES bandwidth_profiles (tenant_id, id) ON DELETE CASCADE,
    CHECK ((burst_download_bps IS NULL) = (burst_upload_bps IS NULL))
);

ALTER TABLE plans ADD COLUMN bandwidth_profile_id uuid,
    ADD CONSTRAINT plans_bandwidth_profile FOREIGN KEY (tenant_id, bandwidth_profile_id) REFERENCES bandwidth_profiles (tenant_id, id);
CREATE INDEX plans_bandwidth_profile ON plans (tenant_id, bandwidth_profile_id) WHERE bandwidth_profile_id IS NOT NULL;

-- Speeds of a profile are part of each plan that refers to it: those plans draw a new version and are announced, so that
-- readers need to know plans alone. A profile that no plan has concerns nobody.
CREATE FUNCTION touch_plans_of_profiles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plans p SET updated_at = clock_timestamp() FROM changed c
    WHERE p.tenant_id = c.tenant_id AND p.bandwidth_profile_id = c.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER bandwidth_profiles_stamp BEFORE INSERT OR UPDATE ON bandwidth_profiles FOR EACH ROW EXECUTE FUNCTION stamp_row();
CREATE TRIGGER bandwidth_profiles_touch_update AFTER UPDATE ON bandwidth_profiles REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION touch_plans_of_profiles();

DO $$
DECLARE
    name text;
    operation text;
BEGIN
    FOREACH operation IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON bandwidth_profile_windows REFERENCING %s TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_owner(%L, %L)',
            'bandwidth_profile_windows_touch_' || lower(operation), operation,
            CASE operation WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END, 'bandwidth_profiles', 'profile_id');
    END LOOP;
    FOREACH name IN ARRAY ARRAY['bandwidth_profiles', 'bandwidth_profile_windows'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_pipeline USING (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;
