-- What lists, searches and changes of resources over HTTP need: search, codes, tags, notes, places, history.

-- Both are trusted: the database's owner may create them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- name_key sorts and finds names by their beginning: of the operators on text those of collation C are as leakproof as
-- any, and their order does not change with the C library. search_text begins every word with a blank, so that a word's
-- beginning is found by its trigrams; a phone number stands there with and without its punctuation.
ALTER TABLE customers
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50 AND array_position(tags, NULL) IS NULL),
    ADD COLUMN latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    ADD COLUMN longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    ADD COLUMN installed_on date,
    ADD COLUMN monthly_fee numeric(18, 4) CHECK (monthly_fee >= 0),
    ADD COLUMN fee_currency text CHECK (fee_currency ~ '^[A-Z]{3}$'),
    ADD CONSTRAINT customers_place CHECK ((latitude IS NULL) = (longitude IS NULL)),
    ADD CONSTRAINT customers_fee CHECK ((monthly_fee IS NULL) = (fee_currency IS NULL)),
    ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
    ADD COLUMN search_text text GENERATED ALWAYS AS (' ' || lower(code || ' ' || name || ' ' || coalesce(email, '') || ' ' || phone)
        || ' ' || regexp_replace(phone, '[^0-9]', '', 'g')) STORED;
CREATE INDEX customers_created ON customers (tenant_id, created_at, id);
CREATE INDEX customers_updated ON customers (tenant_id, updated_at, id);
CREATE INDEX customers_name ON customers (tenant_id, name_key, id);
CREATE INDEX customers_search ON customers USING gin (tenant_id, search_text gin_trgm_ops);

ALTER TABLE services
    ADD COLUMN username_key text COLLATE "C" GENERATED ALWAYS AS (lower(username)) STORED,
    ADD COLUMN search_text text GENERATED ALWAYS AS (' ' || lower(username) || ' ' || coalesce(host(static_ipv4), '')) STORED;
CREATE INDEX services_created ON services (tenant_id, created_at, id);
CREATE INDEX services_username ON services (tenant_id, username_key, id);
CREATE INDEX services_search ON services USING gin (tenant_id, search_text gin_trgm_ops);
-- Of whoever an id is: with thousands of tenants in sight the primary key, which begins with the tenant, is asked once for each
-- of them. And no two tenants' rows share one.
CREATE UNIQUE INDEX customers_id ON customers (id);
CREATE UNIQUE INDEX services_id ON services (id);

-- When somebody last saw the password in clear; a new password has not been seen.
ALTER TABLE service_credentials ADD COLUMN revealed_at timestamptz;

-- Row-level security lets no operator that might leak look at a row before its policy has: LIKE is one, and so it never
-- reaches an index. These look as the owner, who may see every row, only into the tenants of the transaction's own setting, and tell
-- nothing but ids: whoever reads the rows behind them does so under his own policy. At most "cap" of them.
CREATE FUNCTION customers_matching(patterns text[], cap integer) RETURNS TABLE (tenant_id uuid, id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    condition text;
BEGIN
    IF patterns IS NULL OR cardinality(patterns) NOT BETWEEN 1 AND 5 OR cap NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'between 1 and 5 patterns, at most 10000 rows' USING ERRCODE = '22023';
    END IF;
    SELECT string_agg(format('r.search_text LIKE lower(($1)[%s])', i), ' AND ') INTO condition
    FROM generate_subscripts(patterns, 1) i;
    RETURN QUERY EXECUTE format(
        'SELECT m.tenant_id, m.id FROM (
            (SELECT r.tenant_id, r.id FROM public.customers r WHERE r.tenant_id = ANY ($2) AND %1$s LIMIT $3)
            UNION
            (SELECT r.tenant_id, r.customer_id FROM public.services r WHERE r.tenant_id = ANY ($2) AND %1$s LIMIT $3)) m LIMIT $3',
        condition) USING patterns, visible_tenants(), cap;
END
$$;
CREATE FUNCTION services_matching(patterns text[], cap integer) RETURNS TABLE (tenant_id uuid, id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    condition text;
BEGIN
    IF patterns IS NULL OR cardinality(patterns) NOT BETWEEN 1 AND 5 OR cap NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'between 1 and 5 patterns, at most 10000 rows' USING ERRCODE = '22023';
    END IF;
    SELECT string_agg(format('r.search_text LIKE lower(($1)[%s])', i), ' AND ') INTO condition
    FROM generate_subscripts(patterns, 1) i;
    RETURN QUERY EXECUTE format(
        'SELECT r.tenant_id, r.id FROM public.services r WHERE r.tenant_id = ANY ($2) AND %s LIMIT $3', condition)
        USING patterns, visible_tenants(), cap;
END
$$;
REVOKE ALL ON FUNCTION customers_matching(text[], integer), services_matching(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION customers_matching(text[], integer), services_matching(text[], integer) TO nexora_gateway;

-- Whether packets of a NAS of that address and identifier could be another's, whoever he belongs to: radius-server knows NASes
-- by these alone, and of ranges that overlap it asks the smallest. So no tenant takes addresses out of another's range, nor puts
-- a range around them; two share one where each says by its identifier whose it is. Within a tenant ranges nest. Runs as the
-- owner, and tells nothing else. One transaction after another, so that of twins the second sees the first.
CREATE FUNCTION nas_is_taken(wanted cidr, wanted_identifier text, owner uuid, except_id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('nas_devices'), hashtext('address'));
    RETURN EXISTS (SELECT FROM public.nas_devices n WHERE n.id <> except_id AND CASE
        WHEN n.tenant_id = owner THEN n.address = wanted AND n.identifier IS NOT DISTINCT FROM wanted_identifier
        ELSE n.address && wanted AND (n.address = wanted AND n.identifier <> wanted_identifier) IS NOT TRUE END);
END
$$;
REVOKE ALL ON FUNCTION nas_is_taken(cidr, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nas_is_taken(cidr, text, uuid, uuid) TO nexora_gateway;

-- The last number that a customer's code was made of.
CREATE TABLE customer_code_counters (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    last      bigint NOT NULL CHECK (last >= 0)
);

-- What people wrote down about a customer. Never changed.
CREATE TABLE customer_notes (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    customer_id uuid NOT NULL,
    author      text NOT NULL CHECK (length(author) BETWEEN 1 AND 254),
    body        text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_notes_customer ON customer_notes (tenant_id, customer_id, id);

-- What became of services, written by the trigger below whoever changes them. "before" and "after" hold the columns that
-- changed; "after" is null for one that was removed. Kept when the service and the customer are gone.
CREATE TABLE service_history (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    service_id  uuid NOT NULL,
    customer_id uuid NOT NULL,
    before      jsonb NOT NULL,
    after       jsonb,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX service_history_service ON service_history (tenant_id, service_id, id);
CREATE INDEX service_history_customer ON service_history (tenant_id, customer_id, id);

-- Runs as the owner, as announcements do: the pipelines bind devices to services and have no other right here.
CREATE FUNCTION remember_service_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO service_history (tenant_id, service_id, customer_id, before)
        SELECT o.tenant_id, o.id, o.customer_id, service_facts(o) FROM gone o;
    ELSE
        INSERT INTO service_history (tenant_id, service_id, customer_id, before, after)
        SELECT n.tenant_id, n.id, n.customer_id, d.before, d.after
        FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(b.key, b.value) AS before, jsonb_object_agg(a.key, a.value) AS after
            FROM jsonb_each(service_facts(o)) b JOIN jsonb_each(service_facts(n)) a ON a.key = b.key
            WHERE a.value <> b.value
        ) d
        WHERE d.before IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION service_facts(s services) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('customer_id', s.customer_id, 'plan_id', s.plan_id, 'kind', s.kind, 'username', s.username,
        'status', s.status, 'expires_at', s.expires_at, 'session_limit', s.session_limit,
        'static_ipv4', host(s.static_ipv4), 'framed_ipv6_prefix', s.framed_ipv6_prefix::text,
        'delegated_ipv6_prefix', s.delegated_ipv6_prefix::text)
$$;
CREATE TRIGGER services_remember_update AFTER UPDATE ON services REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION remember_service_change();
CREATE TRIGGER services_remember_delete AFTER DELETE ON services REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION remember_service_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['customer_code_counters', 'customer_notes', 'service_history'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
    END LOOP;
END
$$;
CREATE POLICY service_history_owner ON service_history FOR INSERT TO CURRENT_USER WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON customer_code_counters TO nexora_gateway;
GRANT SELECT, INSERT ON customer_notes TO nexora_gateway;
GRANT SELECT ON service_history TO nexora_gateway;
