-- What operators change in Access-Accepts by attribute name, and the hours in which a plan has another speed.

-- These tables are part of a plan, a NAS or a service: whatever happens to them happened to that row, whose own triggers draw
-- its new version and announce it. Readers need to know one version and one kind of event for each.
CREATE FUNCTION touch_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE %1$I o SET updated_at = clock_timestamp() FROM (SELECT DISTINCT tenant_id, %2$I AS id FROM changed) c
         WHERE o.tenant_id = c.tenant_id AND o.id = c.id', TG_ARGV[0], TG_ARGV[1]);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    entry text[];
    name text;
    operation text;
BEGIN
    -- The owner's table, its one word, and the reference to it.
    FOREACH entry SLICE 1 IN ARRAY ARRAY[
        ['plans', 'plan_reply_attributes', 'plan_id'],
        ['nas_devices', 'nas_reply_attributes', 'nas_id'],
        ['services', 'service_reply_attributes', 'service_id']]
    LOOP
        -- Values are text as the dictionary writes them; control characters are written as escapes, so that none stands
        -- here: radius-server reads the columns joined by them.
        EXECUTE format($table$
            CREATE TABLE %1$I (
                tenant_id  uuid NOT NULL,
                %2$I       uuid NOT NULL,
                position   integer NOT NULL CHECK (position BETWEEN 1 AND 1000000),
                name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 128 AND name !~ '[[:cntrl:]]'),
                operator   text NOT NULL CHECK (operator IN (':=', '+=', '-=')),
                value      text NOT NULL DEFAULT '' CHECK (length(value) <= 1024 AND value !~ '[[:cntrl:]]'),
                vendor     text CHECK (vendor IN
                    ('generic', 'mikrotik', 'ubiquiti', 'cisco', 'huawei', 'juniper', 'nokia', 'coovachilli')),
                created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (tenant_id, %2$I, position),
                FOREIGN KEY (tenant_id, %2$I) REFERENCES %3$I (tenant_id, id) ON DELETE CASCADE,
                CHECK (operator = '-=' OR value <> '')
            )$table$, entry[2], entry[3], entry[1]);
    END LOOP;

    -- A week's hours by the tenant's clocks. Minutes after local midnight; an end at or before the start is on the next day.
    CREATE TABLE plan_speed_windows (
        tenant_id    uuid NOT NULL,
        plan_id      uuid NOT NULL,
        position     integer NOT NULL CHECK (position BETWEEN 1 AND 1000000),
        -- The days on which it begins, Monday the lowest of seven bits.
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
        PRIMARY KEY (tenant_id, plan_id, position),
        FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id) ON DELETE CASCADE,
        CHECK ((burst_download_bps IS NULL) = (burst_upload_bps IS NULL))
    );

    FOREACH entry SLICE 1 IN ARRAY ARRAY[
        ['plans', 'plan_reply_attributes', 'plan_id'],
        ['plans', 'plan_speed_windows', 'plan_id'],
        ['nas_devices', 'nas_reply_attributes', 'nas_id'],
        ['services', 'service_reply_attributes', 'service_id']]
    LOOP
        name := entry[2];
        FOREACH operation IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_owner(%L, %L)',
                name || '_touch_' || lower(operation), operation, name,
                CASE operation WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END, entry[1], entry[3]);
        END LOOP;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_pipeline USING (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;

-- The clocks that windows go by: a name of the time zone database.
ALTER TABLE tenants ADD CONSTRAINT tenants_time_zone CHECK (
    NOT settings ? 'time_zone' OR jsonb_typeof(settings -> 'time_zone') = 'string'
        AND settings ->> 'time_zone' ~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$'
);
