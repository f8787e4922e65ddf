-- What the gateway remembers of requests: answers under an Idempotency-Key, and work that was accepted and goes on elsewhere.

CREATE TABLE idempotency_keys (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    -- The user or the API key that asked: keys of one are unknown to another.
    actor_id    uuid NOT NULL,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of method, target and body: the same key with another request is a mistake.
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    claimed_at  timestamptz NOT NULL,
    -- Null while the first request is under way.
    status      integer CHECK (status BETWEEN 200 AND 599),
    headers     jsonb,
    -- Null for an answer that held a secret: it is not kept.
    body        bytea,
    PRIMARY KEY (tenant_id, actor_id, key),
    CHECK ((status IS NULL) = (headers IS NULL)),
    CHECK (status IS NOT NULL OR body IS NULL)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, claimed_at);

CREATE TABLE operations (
    tenant_id     uuid NOT NULL REFERENCES tenants (id),
    id            uuid NOT NULL DEFAULT uuid_v7(),
    -- A word such as session_disconnect.
    kind          text NOT NULL CHECK (kind ~ '^[a-z_]{1,50}$'),
    state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'succeeded', 'failed')),
    resource_type text NOT NULL CHECK (length(resource_type) BETWEEN 1 AND 50),
    resource_id   uuid NOT NULL,
    -- Whose resource it is, where it is a customer's: he may follow it.
    customer_id   uuid,
    requested_by  uuid NOT NULL,
    -- What became of it, for people.
    outcome       text CHECK (length(outcome) <= 500),
    row_version   bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX operations_resource ON operations (tenant_id, resource_id, id);
CREATE TRIGGER operations_stamp BEFORE INSERT OR UPDATE ON operations FOR EACH ROW EXECUTE FUNCTION stamp_row();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['idempotency_keys', 'operations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
    END LOOP;
END
$$;
-- Whoever carries an operation out says what became of it.
CREATE POLICY operations_pipeline ON operations TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO nexora_gateway;
GRANT SELECT, INSERT ON operations TO nexora_gateway;
GRANT SELECT, UPDATE ON operations TO nexora_pipeline;
