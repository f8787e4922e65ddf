-- Addresses: pools, who has which unit of them and who had it, bound devices, and what a tenant says of its sessions.

CREATE TABLE ip_pools (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Units are counted from the range's start, in Redis and in ip_allocations: range, use and unit_length never change.
    range       cidr NOT NULL,
    use         text NOT NULL CHECK (use IN ('ipv4', 'ipv6', 'delegated')),
    unit_length integer NOT NULL,
    -- Never handed out, like dns_servers and exclusions.
    gateway     inet,
    dns_servers inet[] NOT NULL DEFAULT '{}' CHECK (cardinality(dns_servers) <= 4),
    exclusions  cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(exclusions) <= 256),
    -- How long a unit is kept for who had it last; 0 gives it back at once.
    sticky_seconds integer NOT NULL DEFAULT 86400 CHECK (sticky_seconds BETWEEN 0 AND 31536000),
    is_active   boolean NOT NULL DEFAULT true,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, range),
    CHECK ((use = 'ipv4') = (family(range) = 4)),
    CHECK (unit_length BETWEEN greatest(masklen(range), 1) AND CASE family(range) WHEN 4 THEN 32 ELSE 128 END),
    CHECK (use <> 'ipv4' OR unit_length = 32),
    CHECK (gateway IS NULL OR family(gateway) = family(range))
);
-- Redis and its log know a pool by its id alone.
CREATE UNIQUE INDEX ip_pools_id ON ip_pools (id);

-- Two pools that hand out one address would give it twice. One at a time for each tenant, so that two who add at the same
-- moment see each other.
CREATE FUNCTION refuse_overlapping_pools() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.is_active THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ip_pools'), hashtext(NEW.tenant_id::text));
    IF EXISTS (SELECT FROM ip_pools p WHERE p.tenant_id = NEW.tenant_id AND p.id <> NEW.id AND p.is_active AND p.range && NEW.range) THEN
        RAISE EXCEPTION 'the range overlaps another active pool' USING ERRCODE = '23P01', CONSTRAINT = 'ip_pools_no_overlap', TABLE = 'ip_pools';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER ip_pools_overlap BEFORE INSERT OR UPDATE ON ip_pools FOR EACH ROW EXECUTE FUNCTION refuse_overlapping_pools();
CREATE TRIGGER ip_pools_stamp BEFORE INSERT OR UPDATE ON ip_pools FOR EACH ROW EXECUTE FUNCTION stamp_row();
CREATE TRIGGER ip_pools_announce_insert AFTER INSERT ON ip_pools REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change('POOL', 'id', 'row');
CREATE TRIGGER ip_pools_announce_update AFTER UPDATE ON ip_pools REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change('POOL', 'id', 'row');
CREATE TRIGGER ip_pools_announce_delete AFTER DELETE ON ip_pools REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change('POOL', 'id', 'row');

-- Who has a unit and who had it, as the log in Redis told. No reference to services: a service that is gone is still the one
-- that had the address.
CREATE TABLE ip_allocations (
    tenant_id    uuid NOT NULL,
    -- Made of the log's entry, so that an entry that comes again finds its row.
    id           uuid NOT NULL,
    pool_id      uuid NOT NULL,
    unit         cidr NOT NULL,
    service_id   uuid NOT NULL,
    nas_id       uuid,
    admission_id uuid,
    hardware_address macaddr,
    -- reserved: given back, and kept for its owner until released_at and the pool's sticky_seconds.
    status       text NOT NULL CHECK (status IN ('allocated', 'reserved', 'released')),
    allocated_at timestamptz NOT NULL,
    released_at  timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES ip_pools (tenant_id, id),
    CHECK ((status = 'allocated') = (released_at IS NULL))
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX ip_allocations_open ON ip_allocations (tenant_id, pool_id, unit) WHERE status <> 'released';
-- Who had it when; and what did a service have.
CREATE INDEX ip_allocations_unit ON ip_allocations (tenant_id, unit, allocated_at);
CREATE INDEX ip_allocations_service ON ip_allocations (tenant_id, service_id, allocated_at);

ALTER TABLE ip_pools ENABLE ROW LEVEL SECURITY;
ALTER TABLE ip_pools FORCE ROW LEVEL SECURITY;
CREATE POLICY ip_pools_gateway ON ip_pools TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY ip_pools_pipeline ON ip_pools FOR SELECT TO nexora_pipeline USING (true);
GRANT SELECT, INSERT, DELETE, UPDATE (name, gateway, dns_servers, exclusions, sticky_seconds, is_active) ON ip_pools TO nexora_gateway;
GRANT SELECT ON ip_pools TO nexora_pipeline;
ALTER TABLE ip_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE ip_allocations FORCE ROW LEVEL SECURITY;
CREATE POLICY ip_allocations_gateway ON ip_allocations FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY ip_allocations_pipeline ON ip_allocations TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT ON ip_allocations TO nexora_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON ip_allocations TO nexora_pipeline;

-- The device that a service is bound to (SES-01). A reset draws a new generation: a binding of an older one that is still on
-- its way is not stored any more.
ALTER TABLE services ADD COLUMN bound_mac macaddr,
    ADD COLUMN binding_generation integer NOT NULL DEFAULT 0 CHECK (binding_generation >= 0),
    ADD COLUMN bound_at timestamptz,
    ADD CONSTRAINT services_binding CHECK ((bound_mac IS NULL) = (bound_at IS NULL));
CREATE POLICY services_binding ON services FOR UPDATE TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT UPDATE (bound_mac, bound_at) ON services TO nexora_pipeline;

-- Names of pools: of ip_pools, else of the NAS's own.
ALTER TABLE nas_devices ADD COLUMN address_pool text CHECK (length(address_pool) BETWEEN 1 AND 253),
    ADD COLUMN ipv6_pool text CHECK (length(ipv6_pool) BETWEEN 1 AND 253),
    ADD COLUMN delegated_ipv6_pool text CHECK (length(delegated_ipv6_pool) BETWEEN 1 AND 253);
ALTER TABLE plan_advanced_settings ADD COLUMN ipv6_pool text CHECK (length(ipv6_pool) BETWEEN 1 AND 253);

-- What radius-server reads of a tenant's settings has the shape that it expects.
ALTER TABLE tenants ADD CONSTRAINT tenants_access_settings CHECK (
    (NOT settings ? 'session_policy' OR settings -> 'session_policy' IN ('"disconnect_oldest"', '"reject_new"'))
    AND (NOT settings ? 'bind_device' OR jsonb_typeof(settings -> 'bind_device') = 'boolean')
    AND (NOT settings ? 'walled_garden_plan' OR jsonb_typeof(settings -> 'walled_garden_plan') = 'string'
        AND settings ->> 'walled_garden_plan' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
);

-- Who had an address that the NAS gave. Written with a session's Start and, at most, once more; ordinary reports leave these
-- columns alone, so that they stay heap-only. Partial: a session without such an address costs nothing.
CREATE INDEX sessions_framed_ipv4 ON sessions (tenant_id, framed_ipv4, started_at) WHERE framed_ipv4 IS NOT NULL;
CREATE INDEX sessions_framed_ipv6 ON sessions (tenant_id, framed_ipv6_prefix, started_at) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX sessions_framed_ipv6_address ON sessions (tenant_id, framed_ipv6_address, started_at) WHERE framed_ipv6_address IS NOT NULL;
CREATE INDEX sessions_delegated_ipv6 ON sessions (tenant_id, delegated_ipv6_prefix, started_at) WHERE delegated_ipv6_prefix IS NOT NULL;
CREATE INDEX sessions_history_framed_ipv4 ON sessions_history (tenant_id, framed_ipv4, started_at) WHERE framed_ipv4 IS NOT NULL;
CREATE INDEX sessions_history_framed_ipv6 ON sessions_history (tenant_id, framed_ipv6_prefix, started_at) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX sessions_history_framed_ipv6_address ON sessions_history (tenant_id, framed_ipv6_address, started_at) WHERE framed_ipv6_address IS NOT NULL;
CREATE INDEX sessions_history_delegated_ipv6 ON sessions_history (tenant_id, delegated_ipv6_prefix, started_at) WHERE delegated_ipv6_prefix IS NOT NULL;
