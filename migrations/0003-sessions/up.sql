-- Accounting: the hot table of sessions, its monthly history and the daily usage that billing rates.

CREATE TABLE sessions (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    -- Hash of NAS, Acct-Session-Id, user, Calling-Station-Id and NAS-Port; NASes repeat it, the start tells them apart.
    session_key  uuid NOT NULL,
    nas_id       uuid NOT NULL,
    service_id   uuid,
    customer_id  uuid,
    username     text NOT NULL,
    acct_session_id text NOT NULL,
    admission_id uuid,
    started_at   timestamptz NOT NULL,
    last_update_at timestamptz NOT NULL,
    ended_at     timestamptz,
    -- Why the row is closed: stop is final; reaper, nas_reboot and replaced open again when the NAS proves it alive.
    closed_by    text CHECK (closed_by IN ('stop', 'reaper', 'nas_reboot', 'replaced')),
    terminate_cause integer,
    session_seconds bigint NOT NULL DEFAULT 0 CHECK (session_seconds >= 0),
    -- From the subscriber: input; to the subscriber: output. Whole octets since the start, wraps and resets resolved.
    input_octets   bigint NOT NULL DEFAULT 0 CHECK (input_octets >= 0),
    output_octets  bigint NOT NULL DEFAULT 0 CHECK (output_octets >= 0),
    input_packets  bigint NOT NULL DEFAULT 0,
    output_packets bigint NOT NULL DEFAULT 0,
    -- The counters as the NAS last sent them, to recognise a wrap.
    raw_input_octets  bigint NOT NULL DEFAULT 0,
    raw_output_octets bigint NOT NULL DEFAULT 0,
    nas_port     bigint,
    nas_port_id  text,
    calling_station_id text NOT NULL DEFAULT '',
    called_station_id  text NOT NULL DEFAULT '',
    framed_ipv4  inet,
    framed_ipv6_prefix    cidr,
    framed_ipv6_address   inet,
    delegated_ipv6_prefix cidr,
    record_count integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    CHECK ((ended_at IS NULL) = (closed_by IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- At most one open session per key, whatever the order of arrival.
CREATE UNIQUE INDEX sessions_open ON sessions (tenant_id, session_key) WHERE ended_at IS NULL;
CREATE INDEX sessions_key ON sessions (tenant_id, session_key, started_at);
-- A NAS may change a session's user name or station; its admission finds it then.
CREATE INDEX sessions_admission ON sessions (tenant_id, admission_id) WHERE admission_id IS NOT NULL;
CREATE INDEX sessions_live ON sessions (tenant_id, nas_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_service ON sessions (tenant_id, service_id, started_at);
CREATE INDEX sessions_closed ON sessions (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

-- Closed sessions of more than 8 days ago. Partitions are made ahead by ensure_session_partitions.
CREATE TABLE sessions_history (
    LIKE sessions INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    PRIMARY KEY (tenant_id, id, ended_at)
) PARTITION BY RANGE (ended_at);
ALTER TABLE sessions_history ALTER COLUMN ended_at SET NOT NULL;
CREATE INDEX sessions_history_service ON sessions_history (tenant_id, service_id, started_at);
CREATE INDEX sessions_history_key ON sessions_history (tenant_id, session_key, started_at);
CREATE TABLE sessions_history_default PARTITION OF sessions_history DEFAULT;

-- Makes the monthly partitions from the month of "since" for "months" months. Runs as the owner; returns what it made.
CREATE FUNCTION ensure_session_partitions(since date, months integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    first date := date_trunc('month', since)::date;
    made integer := 0;
    name text;
BEGIN
    IF months NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'months must be between 1 and 60' USING ERRCODE = '22023';
    END IF;
    FOR i IN 0 .. months - 1 LOOP
        name := 'radacct_' || to_char(first + make_interval(months => i), 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || quote_ident(name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.sessions_history FOR VALUES FROM (%L) TO (%L)', name,
            to_char(first + make_interval(months => i), 'YYYY-MM-DD') || ' 00:00:00+00',
            to_char(first + make_interval(months => i + 1), 'YYYY-MM-DD') || ' 00:00:00+00');
        -- A partition reached by its own name must be as closed as its parent: no grant, and row security forced.
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION ensure_session_partitions(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_session_partitions(date, integer) TO nexora_pipeline;
ALTER TABLE sessions_history_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions_history_default FORCE ROW LEVEL SECURITY;

-- Drops the monthly partitions that end at or before "before" (retention, ACC-09). Returns how many.
CREATE FUNCTION drop_session_partitions(before date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.sessions_history'::regclass AND c.relname ~ '^radacct_[0-9]{4}_[0-9]{2}$'
          AND to_date(substr(c.relname, 9), 'YYYY_MM') + interval '1 month' <= before
    LOOP
        EXECUTE format('DROP TABLE public.%I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION drop_session_partitions(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_session_partitions(date) TO nexora_pipeline;

-- Octets by UTC day, booked on the day their record was received.
CREATE TABLE usage_daily (
    tenant_id     uuid NOT NULL REFERENCES tenants (id),
    service_id    uuid NOT NULL,
    day           date NOT NULL,
    input_octets  bigint NOT NULL DEFAULT 0 CHECK (input_octets >= 0),
    output_octets bigint NOT NULL DEFAULT 0 CHECK (output_octets >= 0),
    sessions      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, service_id, day)
) WITH (fillfactor = 70);

-- Derived, so that it can never disagree with the days it is made of.
CREATE VIEW usage_monthly WITH (security_invoker = true) AS
SELECT tenant_id, service_id, date_trunc('month', day)::date AS month,
    sum(input_octets)::bigint AS input_octets, sum(output_octets)::bigint AS output_octets, sum(sessions)::bigint AS sessions
FROM usage_daily GROUP BY tenant_id, service_id, date_trunc('month', day);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sessions', 'sessions_history', 'usage_daily'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_pipeline USING (true) WITH CHECK (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;
GRANT SELECT ON usage_monthly TO nexora_gateway, nexora_pipeline;
