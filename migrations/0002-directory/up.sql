-- What radius-server keeps in RAM: NASes, plans, customers, their services and the services' credentials.

CREATE TABLE nas_devices (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- One address or a range; packets from elsewhere are dropped (RAD-02).
    address     cidr NOT NULL,
    -- Tells NASes behind one address apart (NAS-Identifier); null matches any.
    identifier  text CHECK (length(identifier) BETWEEN 1 AND 253),
    vendor      text NOT NULL DEFAULT 'generic' CHECK (vendor IN
        ('generic', 'mikrotik', 'ubiquiti', 'cisco', 'huawei', 'juniper', 'nokia', 'coovachilli')),
    secret      bytea NOT NULL,
    coa_port    integer NOT NULL DEFAULT 3799 CHECK (coa_port BETWEEN 1 AND 65535),
    require_message_authenticator boolean NOT NULL DEFAULT true,
    limit_proxy_state boolean NOT NULL DEFAULT true,
    -- The NAS counts from the subscriber's side: its input is our output.
    octets_swapped boolean NOT NULL DEFAULT false,
    -- Access-Requests a second; 0 is no limit (RAD-05).
    auth_rate   integer NOT NULL DEFAULT 50 CHECK (auth_rate >= 0),
    auth_burst  integer NOT NULL DEFAULT 1000 CHECK (auth_burst >= 1),
    is_active   boolean NOT NULL DEFAULT true,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE plans (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description  text NOT NULL DEFAULT '',
    download_bps bigint NOT NULL CHECK (download_bps > 0),
    upload_bps   bigint NOT NULL CHECK (upload_bps > 0),
    price        numeric(18, 4) NOT NULL CHECK (price > 0),
    currency     text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
    is_active    boolean NOT NULL DEFAULT true,
    features     jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(features) = 'array'),
    session_limit    integer NOT NULL DEFAULT 1 CHECK (session_limit BETWEEN 1 AND 5),
    session_timeout_seconds  integer CHECK (session_timeout_seconds > 0),
    idle_timeout_seconds     integer CHECK (idle_timeout_seconds > 0),
    interim_interval_seconds integer NOT NULL DEFAULT 300 CHECK (interim_interval_seconds BETWEEN 60 AND 86400),
    row_version  bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- One row per plan at most (PLN-04). Speeds in bit/s, both directions where the vendor has both.
CREATE TABLE plan_advanced_settings (
    tenant_id          uuid NOT NULL,
    plan_id            uuid NOT NULL,
    burst_enabled      boolean NOT NULL DEFAULT false,
    burst_download_bps bigint CHECK (burst_download_bps > 0),
    burst_upload_bps   bigint CHECK (burst_upload_bps > 0),
    threshold_download_bps bigint CHECK (threshold_download_bps > 0),
    threshold_upload_bps   bigint CHECK (threshold_upload_bps > 0),
    burst_seconds      integer CHECK (burst_seconds > 0),
    priority           integer NOT NULL DEFAULT 8 CHECK (priority BETWEEN 1 AND 8),
    guaranteed_download_bps bigint CHECK (guaranteed_download_bps > 0),
    guaranteed_upload_bps   bigint CHECK (guaranteed_upload_bps > 0),
    max_connections    integer CHECK (max_connections > 0),
    address_pool       text CHECK (length(address_pool) BETWEEN 1 AND 253),
    delegated_ipv6_pool text CHECK (length(delegated_ipv6_pool) BETWEEN 1 AND 253),
    dns_servers        inet[] NOT NULL DEFAULT '{}' CHECK (cardinality(dns_servers) <= 4),
    address_list       text CHECK (length(address_list) BETWEEN 1 AND 200),
    transparent_proxy  boolean NOT NULL DEFAULT false,
    queue_type         text NOT NULL DEFAULT 'pcq',
    parent_queue       text,
    row_version        bigint NOT NULL DEFAULT 0,
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, plan_id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id) ON DELETE CASCADE,
    CHECK (NOT burst_enabled OR (burst_download_bps IS NOT NULL AND burst_upload_bps IS NOT NULL))
);

CREATE TABLE customers (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    id         uuid NOT NULL DEFAULT uuid_v7(),
    code       text NOT NULL CHECK (length(code) BETWEEN 1 AND 64),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email      text CHECK (length(email) <= 254),
    phone      text NOT NULL CHECK (length(phone) BETWEEN 1 AND 40),
    address    text NOT NULL CHECK (length(address) BETWEEN 1 AND 500),
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'terminated')),
    due_day    integer NOT NULL DEFAULT 15 CHECK (due_day BETWEEN 1 AND 31),
    notes      text NOT NULL DEFAULT '',
    deleted_at timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT idx_tenant_code UNIQUE (tenant_id, code)
);
CREATE INDEX customers_status ON customers (tenant_id, status);

CREATE TABLE services (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuid_v7(),
    customer_id  uuid NOT NULL,
    plan_id      uuid NOT NULL,
    kind         text NOT NULL DEFAULT 'pppoe' CHECK (kind IN ('pppoe', 'hotspot', 'ipoe', 'mac', 'wifi')),
    -- What the NAS sends as User-Name; for kind mac the address in lower case with colons.
    username     text NOT NULL CHECK (length(username) BETWEEN 1 AND 253),
    status       text NOT NULL DEFAULT 'active' CHECK (status IN ('pending', 'active', 'suspended', 'terminated')),
    expires_at   timestamptz,
    session_limit integer CHECK (session_limit BETWEEN 1 AND 5),
    static_ipv4  inet CHECK (family(static_ipv4) = 4),
    framed_ipv6_prefix    cidr CHECK (family(framed_ipv6_prefix) = 6),
    delegated_ipv6_prefix cidr CHECK (family(delegated_ipv6_prefix) = 6),
    row_version  bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, username),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id)
);
CREATE INDEX services_customer ON services (tenant_id, customer_id);
CREATE INDEX services_plan ON services (tenant_id, plan_id);

-- The subscriber's network password, sealed (SEC-01): CHAP and MS-CHAP need its clear text, so no hash would do (F-41).
CREATE TABLE service_credentials (
    tenant_id   uuid NOT NULL,
    service_id  uuid NOT NULL,
    password    bytea NOT NULL,
    rotated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, service_id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id) ON DELETE CASCADE
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['nas_devices', 'plans', 'plan_advanced_settings', 'customers', 'services', 'service_credentials'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp_row()', name || '_stamp', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_pipeline USING (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;

-- The canary that refuses a wrong keyring, and what a background rotation has still to do.
CREATE TABLE keyring_canary (
    id         boolean PRIMARY KEY DEFAULT true CHECK (id),
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON keyring_canary TO nexora_gateway, nexora_pipeline;
GRANT INSERT ON keyring_canary TO nexora_gateway;
