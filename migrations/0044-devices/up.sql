-- Devices: what a provider's network is made of, how each is reached, and whether it answers (DEV-01 to DEV-04, MTK-01).

CREATE TABLE devices (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind        text NOT NULL CHECK (kind IN ('olt', 'router', 'switch', 'ap', 'bridge', 'server', 'other')),
    vendor      text NOT NULL DEFAULT 'generic' CHECK (vendor IN
        ('generic', 'mikrotik', 'ubiquiti', 'cisco', 'huawei', 'juniper', 'nokia', 'zte', 'fiberhome', 'bdcom', 'vsol', 'tplink', 'cambium')),
    -- An address in its shortest form, or a host name in small letters.
    host        text NOT NULL CHECK (length(host) BETWEEN 1 AND 253),
    port        integer NOT NULL DEFAULT 8728 CHECK (port BETWEEN 1 AND 65535),
    uses_tls    boolean NOT NULL DEFAULT false,
    -- SHA-256 of the certificate that it must show; null trusts whoever a certificate authority vouches for.
    certificate_fingerprint text CHECK (certificate_fingerprint ~ '^[0-9a-f]{64}$'),
    username    text CHECK (length(username) BETWEEN 1 AND 100),
    -- Sealed (SEC-01).
    password    bytea,
    password_set_at timestamptz,
    location    text NOT NULL DEFAULT '' CHECK (length(location) <= 200),
    tags        text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
    -- The NAS that it is, where it is one.
    nas_id      uuid,
    -- What it hangs on.
    parent_id   uuid,
    -- Nobody looks whether an inactive one answers.
    is_active   boolean NOT NULL DEFAULT true,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    CONSTRAINT devices_nas FOREIGN KEY (tenant_id, nas_id) REFERENCES nas_devices (tenant_id, id) ON DELETE SET NULL (nas_id),
    CONSTRAINT devices_parent FOREIGN KEY (tenant_id, parent_id) REFERENCES devices (tenant_id, id),
    CHECK ((password IS NULL) = (password_set_at IS NULL))
);
-- One device at most is a NAS: who wants to reach that NAS knows where.
CREATE UNIQUE INDEX devices_of_nas ON devices (tenant_id, nas_id) WHERE nas_id IS NOT NULL;
CREATE INDEX devices_children ON devices (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE TRIGGER devices_stamp BEFORE INSERT OR UPDATE ON devices FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- Nothing hangs on itself, however far around. One at a time for each tenant, so that two who move devices at the same moment see
-- each other.
CREATE FUNCTION refuse_device_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above uuid := NEW.parent_id;
    steps integer := 0;
BEGIN
    IF above IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('devices'), hashtext(NEW.tenant_id::text));
    WHILE above IS NOT NULL LOOP
        steps := steps + 1;
        IF above = NEW.id OR steps > 64 THEN
            RAISE EXCEPTION 'the device would hang on itself, or too deep' USING ERRCODE = '23514', CONSTRAINT = 'devices_no_cycle', TABLE = 'devices';
        END IF;
        SELECT d.parent_id INTO above FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = above;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER devices_no_cycle BEFORE INSERT OR UPDATE OF parent_id ON devices FOR EACH ROW EXECUTE FUNCTION refuse_device_cycle();

-- What checks found. Apart from the devices, which somebody changes by their version and whose changes are told: a check is neither.
CREATE TABLE device_status (
    tenant_id     uuid NOT NULL,
    device_id     uuid NOT NULL,
    status        text NOT NULL DEFAULT 'unknown' CHECK (status IN ('online', 'offline', 'unknown')),
    status_since  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Checks in a row that it answered, or did not.
    successes     integer NOT NULL DEFAULT 0 CHECK (successes >= 0),
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_seen_at  timestamptz,
    checked_at    timestamptz,
    -- A stable word for what the last check met; null where the device answered.
    last_error    text CHECK (length(last_error) BETWEEN 1 AND 60),
    next_check_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);

-- Every device has one.
CREATE FUNCTION begin_device_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO device_status (tenant_id, device_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_status AFTER INSERT ON devices FOR EACH ROW EXECUTE FUNCTION begin_device_status();

-- Both tell of themselves with the commit, whoever makes the change: the data are nexora.device.v1's canonical JSON. As the owner, for
-- the reason that announce_directory_change has.
CREATE FUNCTION announce_devices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.outbox (tenant_id, type, subject, aggregate_id, data)
    SELECT c.tenant_id, 'nexora.device.v1.DeviceChanged', 'device.changed', c.id,
        json_strip_nulls(json_build_object('deviceId', c.id,
            'version', (CASE TG_OP WHEN 'DELETE' THEN nextval('public.directory_version') ELSE c.row_version END)::text,
            'deleted', CASE TG_OP WHEN 'DELETE' THEN true END))::text
    FROM changed c;
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_announce_insert AFTER INSERT ON devices REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_devices();
CREATE TRIGGER devices_announce_update AFTER UPDATE ON devices REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_devices();
CREATE TRIGGER devices_announce_delete AFTER DELETE ON devices REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_devices();

CREATE FUNCTION announce_device_status() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    form CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
BEGIN
    INSERT INTO public.outbox (tenant_id, type, subject, aggregate_id, data)
    SELECT d.tenant_id, 'nexora.device.v1.DeviceStatusChanged', 'device.status_changed', d.id,
        json_strip_nulls(json_build_object('deviceId', d.id, 'deviceName', d.name, 'kind', d.kind,
            'status', upper(NEW.status), 'before', upper(OLD.status),
            'at', to_char(NEW.status_since AT TIME ZONE 'UTC', form),
            'lastSeenAt', to_char(NEW.last_seen_at AT TIME ZONE 'UTC', form),
            'reason', NEW.last_error, 'nasId', d.nas_id))::text
    FROM public.devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.device_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER device_status_announce AFTER UPDATE OF status ON device_status FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION announce_device_status();

ALTER TABLE devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices FORCE ROW LEVEL SECURITY;
CREATE POLICY devices_gateway ON devices TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY devices_whole ON devices FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY devices_pipeline ON devices FOR SELECT TO nexora_pipeline USING (true);
GRANT SELECT, INSERT, DELETE, UPDATE (name, kind, vendor, host, port, uses_tls, certificate_fingerprint, username, password,
    password_set_at, location, tags, nas_id, parent_id, is_active) ON devices TO nexora_gateway;
GRANT SELECT ON devices TO nexora_pipeline;
ALTER TABLE device_status ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_status FORCE ROW LEVEL SECURITY;
CREATE POLICY device_status_gateway ON device_status TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY device_status_whole ON device_status FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY device_status_pipeline ON device_status TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON device_status TO nexora_gateway;
GRANT SELECT, UPDATE ON device_status TO nexora_pipeline;
