-- Events told to other systems by HTTP (PLT-25). docs/WEBHOOKS.md says what is guaranteed. A delivery is written before it is sent, in
-- the commit that moves on the place up to which events were read: each event is written once for each endpoint that wants it.

-- Where events of a tenant go.
CREATE TABLE webhook_endpoints (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    url         text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048 AND url ~ '^https?://[^@]+$'),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    -- Kinds such as session.started, all of a domain as session.*, or * for everything.
    events      text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 50 AND array_position(events, NULL) IS NULL),
    -- What happens to the tenants below is told too.
    includes_children boolean NOT NULL DEFAULT false,
    -- Names and addresses of people as they are; shortened otherwise.
    reveals_people boolean NOT NULL DEFAULT false,
    -- The operator's word that private addresses, any port and plain http may be used.
    allow_private boolean NOT NULL DEFAULT false,
    -- Requests a minute at most.
    rate        integer NOT NULL DEFAULT 6000 CHECK (rate BETWEEN 1 AND 60000),
    is_enabled  boolean NOT NULL DEFAULT true,
    -- Why it is not: a word.
    disabled_reason text CHECK (disabled_reason ~ '^[a-z_]{1,50}$'),
    disabled_at timestamptz,
    -- What is signed with, sealed: the secret that holds, and the one before it while both sign.
    sealed_secret bytea NOT NULL CHECK (octet_length(sealed_secret) <= 512),
    sealed_previous bytea CHECK (octet_length(sealed_previous) <= 512),
    previous_until timestamptz,
    -- An Ed25519 key, sealed, and the public one that belongs to it.
    sealed_key  bytea CHECK (octet_length(sealed_key) <= 512),
    public_key  bytea CHECK (octet_length(public_key) = 32),
    secret_set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by  uuid NOT NULL,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_endpoints_https CHECK (allow_private OR url ~ '^https://'),
    CHECK (is_enabled = (disabled_at IS NULL) AND is_enabled = (disabled_reason IS NULL)),
    CHECK ((sealed_previous IS NULL) = (previous_until IS NULL)),
    CHECK ((sealed_key IS NULL) = (public_key IS NULL))
);
CREATE TRIGGER webhook_endpoints_stamp BEFORE INSERT OR UPDATE ON webhook_endpoints FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- How an endpoint fares. Apart from it, which people change by its version.
CREATE TABLE webhook_standings (
    tenant_id   uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    -- Nothing is sent before that.
    paused_until timestamptz,
    -- Since when nothing has succeeded, and how often it was tried since.
    failing_since timestamptz,
    failures    integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error  text CHECK (last_error ~ '^[a-z0-9_]{1,50}$'),
    PRIMARY KEY (tenant_id, endpoint_id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    CHECK ((failures = 0) = (failing_since IS NULL))
) WITH (fillfactor = 70);

CREATE FUNCTION begin_webhook_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.webhook_standings (tenant_id, endpoint_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER webhook_endpoints_standing AFTER INSERT ON webhook_endpoints FOR EACH ROW EXECUTE FUNCTION begin_webhook_standing();

-- An event for an endpoint.
CREATE TABLE webhook_deliveries (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    endpoint_id uuid NOT NULL,
    -- The webhook-id: the same however often it is sent.
    event_id    uuid NOT NULL,
    -- Whose event it is: the endpoint's tenant or one below it.
    event_tenant_id uuid NOT NULL,
    -- Such as session.started.
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9_]+(\.[a-z0-9_]+)+$' AND length(kind) <= 64),
    -- Its place in the stream, by which deliveries are sent; 0 for a test.
    sequence    bigint NOT NULL CHECK (sequence >= 0),
    is_test     boolean NOT NULL DEFAULT false,
    -- What is sent, octet by octet; taken away with the row, when it was kept long enough.
    payload     text NOT NULL CHECK (octet_length(payload) <= 1048576),
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'delivered', 'failed', 'held')),
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    first_at    timestamptz,
    next_at     timestamptz,
    claimed_until timestamptz,
    last_status integer CHECK (last_status BETWEEN 100 AND 599),
    latency_ms  integer CHECK (latency_ms >= 0),
    -- A word.
    last_error  text CHECK (last_error ~ '^[a-z0-9_]{1,50}$'),
    -- The beginning of what the receiver answered.
    excerpt     text CHECK (octet_length(excerpt) <= 1024),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_once UNIQUE (tenant_id, endpoint_id, event_id),
    CHECK ((state = 'sending') = (claimed_until IS NOT NULL)),
    CHECK ((state IN ('delivered', 'failed')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK (state <> 'failed' OR last_error IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (tenant_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_sequence ON webhook_deliveries (tenant_id, endpoint_id, sequence);
-- What is open is little, however much there was.
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (tenant_id, endpoint_id, sequence, id)
    WHERE state IN ('pending', 'sending');
CREATE INDEX webhook_deliveries_held ON webhook_deliveries (tenant_id, endpoint_id) WHERE state = 'held';
-- By time over all tenants: one process removes them.
CREATE INDEX webhook_deliveries_kept ON webhook_deliveries (created_at) WHERE state <> 'sending';

-- Each time it was sent.
CREATE TABLE webhook_attempts (
    tenant_id   uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    at          timestamptz NOT NULL,
    status      integer CHECK (status BETWEEN 100 AND 599),
    latency_ms  integer NOT NULL CHECK (latency_ms >= 0),
    -- A word; null where the receiver took it.
    error       text CHECK (error ~ '^[a-z0-9_]{1,50}$'),
    excerpt     text CHECK (octet_length(excerpt) <= 1024),
    PRIMARY KEY (tenant_id, delivery_id, number),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE
);

-- Events of the past, asked for once more for one endpoint.
CREATE TABLE webhook_replays (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    endpoint_id uuid NOT NULL,
    -- From that place of the stream on, or from what was stored at that time.
    from_sequence bigint CHECK (from_sequence >= 1),
    from_time   timestamptz,
    -- Both are known once it has begun: how far it has read, and how far it reads.
    position    bigint CHECK (position >= 0),
    until_sequence bigint CHECK (until_sequence >= 0),
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
    -- A word: why it failed.
    reason      text CHECK (reason ~ '^[a-z_]{1,50}$'),
    -- Events that it wrote, or wrote again.
    found       integer NOT NULL DEFAULT 0 CHECK (found >= 0),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    CHECK ((from_sequence IS NULL) <> (from_time IS NULL)),
    CHECK ((position IS NULL) = (until_sequence IS NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
);
-- One at a time.
CREATE UNIQUE INDEX webhook_replays_open ON webhook_replays (tenant_id, endpoint_id) WHERE ended_at IS NULL;
CREATE INDEX webhook_replays_endpoint ON webhook_replays (tenant_id, endpoint_id, id);
CREATE INDEX webhook_replays_waiting ON webhook_replays (requested_at) WHERE ended_at IS NULL;

-- Up to where the stream was read; one row. `stream_created` tells a stream that was made anew.
CREATE TABLE webhook_position (
    is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    sequence    bigint NOT NULL CHECK (sequence >= 0),
    stream_created bigint NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE webhook_position ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_position FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_position_notifier ON webhook_position TO nexora_notifier USING (true);
GRANT SELECT, INSERT, UPDATE ON webhook_position TO nexora_notifier;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhook_endpoints', 'webhook_standings', 'webhook_deliveries', 'webhook_attempts', 'webhook_replays']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_notifier USING (true)', name || '_notifier', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_notifier, nexora_gateway', name);
    END LOOP;
END
$$;
-- The standing begins with its endpoint, whoever makes that; it is written as the owner, who has no policy of his own there.
CREATE POLICY webhook_standings_owner ON webhook_standings FOR INSERT TO CURRENT_USER WITH CHECK (true);
GRANT INSERT, DELETE, UPDATE (url, description, events, includes_children, reveals_people, allow_private, rate, is_enabled,
    disabled_reason, disabled_at, sealed_secret, sealed_previous, previous_until, sealed_key, public_key, secret_set_at)
    ON webhook_endpoints TO nexora_gateway;
-- To begin at once, for who mended his receiver.
GRANT UPDATE (paused_until, failing_since, failures) ON webhook_standings TO nexora_gateway;
GRANT INSERT, UPDATE (state, attempts, first_at, next_at, ended_at, claimed_until) ON webhook_deliveries TO nexora_gateway;
GRANT INSERT, UPDATE (state, ended_at) ON webhook_replays TO nexora_gateway;

GRANT UPDATE (is_enabled, disabled_reason, disabled_at) ON webhook_endpoints TO nexora_notifier;
-- An endpoint that it disables has another version.
GRANT USAGE ON SEQUENCE directory_version TO nexora_notifier;
GRANT UPDATE ON webhook_standings, webhook_replays TO nexora_notifier;
GRANT INSERT, UPDATE, DELETE ON webhook_deliveries TO nexora_notifier;
GRANT INSERT ON webhook_attempts TO nexora_notifier;
GRANT DELETE ON webhook_replays TO nexora_notifier;
