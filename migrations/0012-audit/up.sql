-- The audit trail: rows that only one function writes, that nobody changes, and that hang together per tenant.

-- Where each tenant's chain ends, and the last entry that retention took from its beginning.
CREATE TABLE audit_chains (
    tenant_id   uuid PRIMARY KEY,
    number      bigint NOT NULL DEFAULT 0 CHECK (number >= 0),
    hash        bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(hash) = 32),
    recorded_at timestamptz NOT NULL DEFAULT '-infinity',
    dropped_number bigint NOT NULL DEFAULT 0,
    dropped_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(dropped_hash) = 32)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- No reference to tenants: it would lock the tenant's row with every entry, and the trail outlives its tenant.
CREATE TABLE audit_logs (
    tenant_id     uuid NOT NULL,
    -- Counts from 1 without gaps, per tenant.
    number        bigint NOT NULL CHECK (number > 0),
    -- The database's time under the chain's lock: it never goes back along the chain, so that a month is a piece of it.
    recorded_at   timestamptz NOT NULL,
    id            uuid NOT NULL,
    -- When it happened, by its writer's clock, and the nanoseconds that a timestamp leaves out (F-30).
    occurred_at   timestamptz NOT NULL,
    occurred_nanoseconds smallint NOT NULL CHECK (occurred_nanoseconds BETWEEN 0 AND 999),
    actor_kind    text NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'subscriber', 'system', 'anonymous')),
    actor_id      uuid NOT NULL,
    impersonator_id uuid,
    address       inet NOT NULL,
    user_agent    text CHECK (length(user_agent) <= 500),
    request_id    text CHECK (length(request_id) <= 128),
    action        text NOT NULL CHECK (action ~ '^[a-z][a-z0-9_.]{0,49}$'),
    resource_type text NOT NULL CHECK (length(resource_type) <= 50),
    resource_id   text CHECK (length(resource_id) <= 255),
    outcome       text NOT NULL CHECK (outcome IN ('success', 'refused', 'failed')),
    reason        text CHECK (length(reason) <= 500),
    old_values    jsonb,
    new_values    jsonb,
    -- SHA-256 of the entry in its canonical form, and of this entry's place with the link before it.
    content_hash  bytea NOT NULL CHECK (length(content_hash) = 32),
    hash          bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, number, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX idx_audit_tenant_time ON audit_logs (tenant_id, recorded_at DESC, number DESC);
CREATE INDEX idx_audit_user_action ON audit_logs (tenant_id, actor_id, action, recorded_at DESC);
CREATE INDEX idx_audit_resource ON audit_logs (tenant_id, resource_type, resource_id, recorded_at DESC);
CREATE INDEX idx_audit_id ON audit_logs (tenant_id, id);
-- What comes while nobody makes months ahead.
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

-- Signed places of the chains; the key is not in this database.
CREATE TABLE audit_checkpoints (
    tenant_id   uuid NOT NULL,
    number      bigint NOT NULL CHECK (number > 0),
    hash        bytea NOT NULL CHECK (length(hash) = 32),
    recorded_at timestamptz NOT NULL,
    signed_at   timestamptz NOT NULL,
    key_id      bigint NOT NULL,
    signature   bytea NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (tenant_id, number, signed_at)
);

-- Whatever right or ownership somebody has: what stands in the trail stays as it is. Retention and the legal archive, both
-- functions of the owner, say so in their transaction; they only take away.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('nexora.audit_removal', true) = 'on' AND current_user = (
        SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_logs_default_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_chains', 'audit_logs', 'audit_logs_default', 'audit_checkpoints'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        CONTINUE WHEN name = 'audit_logs_default';
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        -- The functions below, and nobody else's session, work as the owner.
        EXECUTE format('CREATE POLICY %I ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name || '_owner', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
    END LOOP;
END
$$;
CREATE POLICY audit_logs_default_owner ON audit_logs_default TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY audit_checkpoints_sign ON audit_checkpoints FOR INSERT TO nexora_gateway
    WITH CHECK (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
GRANT INSERT ON audit_checkpoints TO nexora_gateway;

-- Adds entries to their tenants' chains, tenants in one order so that two who add do not wait for each other in a circle.
-- The element at one place of every array is one entry.
CREATE FUNCTION add_audit_entries(
    tenant_ids uuid[], ids uuid[], occurred timestamptz[], nanoseconds integer[], actor_kinds text[], actor_ids uuid[],
    impersonators uuid[], addresses text[], user_agents text[], request_ids text[], actions text[], resource_types text[],
    resource_ids text[], outcomes text[], reasons text[], olds text[], news text[], content_hashes bytea[]
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    place integer;
    tenant uuid;
    head public.audit_chains;
BEGIN
    FOR place IN SELECT o FROM unnest(tenant_ids) WITH ORDINALITY AS t (id, o) ORDER BY t.id, o LOOP
        IF tenant IS DISTINCT FROM tenant_ids[place] THEN
            IF tenant IS NOT NULL THEN
                UPDATE public.audit_chains c SET number = head.number, hash = head.hash, recorded_at = head.recorded_at
                WHERE c.tenant_id = tenant;
            END IF;
            tenant := tenant_ids[place];
            SELECT * INTO head FROM public.audit_chains c WHERE c.tenant_id = tenant FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO public.audit_chains (tenant_id) VALUES (tenant) ON CONFLICT (tenant_id) DO NOTHING;
                SELECT * INTO STRICT head FROM public.audit_chains c WHERE c.tenant_id = tenant FOR UPDATE;
            END IF;
        END IF;
        head.number := head.number + 1;
        head.recorded_at := greatest(clock_timestamp(), head.recorded_at);
        head.hash := sha256('nexora.audit.link.1'::bytea || head.hash || int8send(head.number)
            || int8send((extract(epoch FROM head.recorded_at) * 1000000)::bigint) || content_hashes[place]);
        INSERT INTO public.audit_logs (tenant_id, number, recorded_at, id, occurred_at, occurred_nanoseconds, actor_kind,
            actor_id, impersonator_id, address, user_agent, request_id, action, resource_type, resource_id, outcome, reason,
            old_values, new_values, content_hash, hash)
        VALUES (tenant, head.number, head.recorded_at, ids[place], occurred[place], nanoseconds[place], actor_kinds[place],
            actor_ids[place], impersonators[place], addresses[place]::inet, user_agents[place], request_ids[place],
            actions[place], resource_types[place], resource_ids[place], outcomes[place], reasons[place],
            olds[place]::jsonb, news[place]::jsonb, content_hashes[place], head.hash);
    END LOOP;
    IF tenant IS NOT NULL THEN
        UPDATE public.audit_chains c SET number = head.number, hash = head.hash, recorded_at = head.recorded_at
        WHERE c.tenant_id = tenant;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION add_audit_entries(uuid[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], text[], text[],
    text[], text[], text[], text[], text[], text[], text[], text[], bytea[]) FROM PUBLIC;

-- The two doors to it: each runs as the owner, the gateway's for tenants that the transaction sees and no others.
CREATE FUNCTION append_audit(
    tenant_ids uuid[], ids uuid[], occurred timestamptz[], nanoseconds integer[], actor_kinds text[], actor_ids uuid[],
    impersonators uuid[], addresses text[], user_agents text[], request_ids text[], actions text[], resource_types text[],
    resource_ids text[], outcomes text[], reasons text[], olds text[], news text[], content_hashes bytea[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT tenant_ids <@ coalesce(public.visible_tenants(), '{}') THEN
        RAISE EXCEPTION 'new row violates row-level security policy for table "audit_logs"' USING ERRCODE = '42501';
    END IF;
    PERFORM public.add_audit_entries(tenant_ids, ids, occurred, nanoseconds, actor_kinds, actor_ids, impersonators,
        addresses, user_agents, request_ids, actions, resource_types, resource_ids, outcomes, reasons, olds, news,
        content_hashes);
END
$$;
CREATE FUNCTION append_pipeline_audit(
    tenant_ids uuid[], ids uuid[], occurred timestamptz[], nanoseconds integer[], actor_kinds text[], actor_ids uuid[],
    impersonators uuid[], addresses text[], user_agents text[], request_ids text[], actions text[], resource_types text[],
    resource_ids text[], outcomes text[], reasons text[], olds text[], news text[], content_hashes bytea[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM public.add_audit_entries(tenant_ids, ids, occurred, nanoseconds, actor_kinds, actor_ids, impersonators,
        addresses, user_agents, request_ids, actions, resource_types, resource_ids, outcomes, reasons, olds, news,
        content_hashes);
END
$$;
DO $$
DECLARE
    door text[];
    arguments text := '(uuid[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], text[], text[], text[], text[], '
        'text[], text[], text[], text[], text[], text[], bytea[])';
BEGIN
    FOREACH door SLICE 1 IN ARRAY ARRAY[
        ['append_audit', 'nexora_gateway'], ['append_pipeline_audit', 'nexora_pipeline']]
    LOOP
        EXECUTE 'REVOKE ALL ON FUNCTION ' || door[1] || arguments || ' FROM PUBLIC';
        EXECUTE 'GRANT EXECUTE ON FUNCTION ' || door[1] || arguments || ' TO ' || door[2];
    END LOOP;
END
$$;

-- Makes the monthly partitions from the month of "since" for "months" months, as ensure_session_partitions does, and those
-- of the months that rows of the default partition belong to, which move there. Returns how many it made.
CREATE FUNCTION ensure_audit_partitions(since date, months integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    first date;
    made integer := 0;
    name text;
    low timestamptz;
    high timestamptz;
BEGIN
    IF months NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'months must be between 1 and 60' USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('audit_partitions'));
    FOR first IN
        SELECT (date_trunc('month', since) + make_interval(months => i))::date FROM generate_series(0, months - 1) i
        UNION SELECT date_trunc('month', recorded_at AT TIME ZONE 'UTC')::date FROM public.audit_logs_default
        ORDER BY 1
    LOOP
        name := 'audit_logs_' || to_char(first, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || quote_ident(name)) IS NOT NULL;
        low := first::timestamp AT TIME ZONE 'UTC';
        high := (first + interval '1 month') AT TIME ZONE 'UTC';
        EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        -- Whoever writes to the default partition waits, or the month could not be attached.
        LOCK TABLE public.audit_logs_default IN SHARE ROW EXCLUSIVE MODE;
        IF EXISTS (SELECT FROM public.audit_logs_default WHERE recorded_at >= low AND recorded_at < high) THEN
            PERFORM set_config('nexora.audit_removal', 'on', true);
            EXECUTE format('WITH moved AS (DELETE FROM public.audit_logs_default WHERE recorded_at >= $1 AND recorded_at < $2 RETURNING *)
                INSERT INTO public.%I SELECT * FROM moved', name) USING low, high;
            PERFORM set_config('nexora.audit_removal', '', true);
        END IF;
        EXECUTE format('ALTER TABLE public.audit_logs ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name, low, high);
        -- As closed as its parent when it is reached by its own name.
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()',
            name || '_append_only', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION ensure_audit_partitions(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_audit_partitions(date, integer) TO nexora_pipeline;

-- Drops the months that ended 7 years before "today" or earlier (AUD-02), the oldest first, and returns how many. One whose
-- tenants' last entries no checkpoint vouches for stays, and so do those after it: the rest would hang in the air.
CREATE FUNCTION drop_audit_partitions(today date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    name text;
    dropped integer := 0;
    unvouched boolean;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.audit_logs'::regclass AND c.relname ~ '^audit_logs_[0-9]{4}_[0-9]{2}$'
          AND to_date(substr(c.relname, 12), 'YYYY_MM') + interval '1 month' <= least(today, current_date) - interval '7 years'
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE POLICY audit_removal ON public.%I TO CURRENT_USER USING (true)', name);
        EXECUTE format($query$
            SELECT EXISTS (
                SELECT FROM (SELECT DISTINCT ON (tenant_id) tenant_id, number, hash FROM public.%I ORDER BY tenant_id, number DESC) l
                WHERE NOT EXISTS (SELECT FROM public.audit_checkpoints c
                    WHERE c.tenant_id = l.tenant_id AND c.number = l.number AND c.hash = l.hash))
            $query$, name) INTO unvouched;
        IF unvouched THEN
            EXECUTE format('DROP POLICY audit_removal ON public.%I', name);
            EXIT;
        END IF;
        EXECUTE format($query$
            UPDATE public.audit_chains c SET dropped_number = l.number, dropped_hash = l.hash
            FROM (SELECT DISTINCT ON (tenant_id) tenant_id, number, hash FROM public.%I ORDER BY tenant_id, number DESC) l
            WHERE c.tenant_id = l.tenant_id AND c.dropped_number < l.number
            $query$, name);
        EXECUTE format('DROP TABLE public.%I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION drop_audit_partitions(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_audit_partitions(date) TO nexora_pipeline;

SELECT ensure_audit_partitions(current_date, 3);
