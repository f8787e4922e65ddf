-- Whom to reach about a customer, and where and with what a service is installed (CUS-07, CUS-08).

CREATE TABLE customer_contacts (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    customer_id uuid NOT NULL,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role        text NOT NULL DEFAULT '' CHECK (length(role) <= 100),
    phone       text NOT NULL DEFAULT '' CHECK (length(phone) <= 40),
    email       text CHECK (length(email) BETWEEN 3 AND 254),
    row_version bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_contacts_customer ON customer_contacts (tenant_id, customer_id, id);
ALTER TABLE customer_contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer_contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_contacts_gateway ON customer_contacts TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_contacts TO nexora_gateway;

-- Nobody's login depends on these: radius-server does not read them.
ALTER TABLE services
    ADD COLUMN service_address text CHECK (length(service_address) BETWEEN 1 AND 500),
    ADD COLUMN installation_status text CHECK (installation_status IN ('planned', 'scheduled', 'installed', 'cancelled')),
    ADD COLUMN cpe_serial text CHECK (length(cpe_serial) BETWEEN 1 AND 100),
    ADD COLUMN cpe_mac macaddr;
CREATE INDEX services_cpe_serial ON services (tenant_id, cpe_serial) WHERE cpe_serial IS NOT NULL;
CREATE INDEX services_cpe_mac ON services (tenant_id, cpe_mac) WHERE cpe_mac IS NOT NULL;
CREATE OR REPLACE FUNCTION service_facts(s services) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('customer_id', s.customer_id, 'plan_id', s.plan_id, 'kind', s.kind, 'username', s.username,
        'status', s.status, 'expires_at', s.expires_at, 'session_limit', s.session_limit,
        'static_ipv4', host(s.static_ipv4), 'framed_ipv6_prefix', s.framed_ipv6_prefix::text,
        'delegated_ipv6_prefix', s.delegated_ipv6_prefix::text, 'service_address', s.service_address,
        'installation_status', s.installation_status, 'cpe_serial', s.cpe_serial, 'cpe_mac', s.cpe_mac::text)
$$;
