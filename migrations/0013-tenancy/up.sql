-- What tenants may, how they stand, and how they end: settings with their past, suspensions, licences, partners, deletion
-- with a waiting time, and the legal archive.

-- Settings -------------------------------------------------------------------------------------------------------------

-- Counts the changes of settings, whoever makes them: what an If-Match compares.
ALTER TABLE tenants ADD COLUMN settings_version bigint NOT NULL DEFAULT 1;

CREATE TABLE tenant_settings_history (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    version     bigint NOT NULL,
    -- As they were until replaced_at.
    settings    jsonb NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Of the transaction's setting nexora.actor; null when it named nobody.
    replaced_by uuid,
    PRIMARY KEY (tenant_id, version)
);

-- Runs as the owner: the history is nobody's to write.
CREATE FUNCTION keep_settings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.tenant_settings_history (tenant_id, version, settings, replaced_by)
    VALUES (OLD.id, OLD.settings_version, OLD.settings, nullif(current_setting('nexora.actor', true), '')::uuid);
    NEW.settings_version := OLD.settings_version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER tenants_keep_settings BEFORE UPDATE OF settings ON tenants FOR EACH ROW
    WHEN (OLD.settings IS DISTINCT FROM NEW.settings) EXECUTE FUNCTION keep_settings();

-- Suspension -----------------------------------------------------------------------------------------------------------

-- A suspension holds for the tenant that it was put on (source_id) and everyone below: a row for each of them.
CREATE TABLE tenant_suspensions (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    source_id    uuid NOT NULL REFERENCES tenants (id),
    reason       text NOT NULL CHECK (reason IN ('manual', 'licence', 'payment', 'deletion')),
    note         text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    actor_id     uuid NOT NULL,
    suspended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, source_id)
);
CREATE INDEX tenant_suspensions_source ON tenant_suspensions (source_id);

-- is_active is what everyone goes by; while a suspension holds nobody turns it on again, and nobody grows below it. Runs as
-- the owner, who sees what stands above.
CREATE FUNCTION check_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NEW.is_active AND EXISTS (SELECT FROM public.tenant_suspensions WHERE tenant_id IN (NEW.id, CASE TG_OP WHEN 'INSERT' THEN NEW.parent_id END)) THEN
        RAISE EXCEPTION 'the tenant or one above it is suspended' USING ERRCODE = '23514', CONSTRAINT = 'tenants_suspended', TABLE = 'tenants';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tenants_standing BEFORE INSERT OR UPDATE OF is_active ON tenants FOR EACH ROW EXECUTE FUNCTION check_standing();

-- Licences -------------------------------------------------------------------------------------------------------------

-- What a tenant and all below it may have together; null is no limit.
CREATE TABLE tenant_licences (
    tenant_id       uuid PRIMARY KEY REFERENCES tenants (id),
    plan            text NOT NULL CHECK (length(plan) BETWEEN 1 AND 100),
    max_subscribers integer CHECK (max_subscribers >= 0),
    max_nases       integer CHECK (max_nases >= 0),
    max_tenants     integer CHECK (max_tenants >= 0),
    max_sessions    integer CHECK (max_sessions >= 0),
    grace_days      integer NOT NULL DEFAULT 7 CHECK (grace_days BETWEEN 0 AND 365),
    ends_at         timestamptz,
    -- Since when more is there than it allows, or since when it is over.
    exceeded_since  timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What a tenant and all below it had on a day (TEN-11).
CREATE TABLE tenant_usage_daily (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    day         date NOT NULL,
    subscribers integer NOT NULL,
    nases       integer NOT NULL,
    tenants     integer NOT NULL,
    sessions    integer NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

-- How many of a kind a tenant and all below it have, counted no further than to "most".
CREATE FUNCTION count_licensed(resource text, root uuid, most bigint) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    tree uuid[] := public.tenant_subtree(root);
    found bigint;
BEGIN
    CASE resource
        WHEN 'subscribers' THEN
            SELECT count(*) INTO found FROM (SELECT FROM public.customers
                WHERE tenant_id = ANY (tree) AND deleted_at IS NULL AND status <> 'terminated' LIMIT most) c;
        WHEN 'nases' THEN
            SELECT count(*) INTO found FROM (SELECT FROM public.nas_devices WHERE tenant_id = ANY (tree) LIMIT most) c;
        WHEN 'tenants' THEN
            SELECT least(cardinality(tree) - 1, most) INTO found;
        WHEN 'sessions' THEN
            SELECT count(*) INTO found FROM (SELECT FROM public.sessions
                WHERE tenant_id = ANY (tree) AND ended_at IS NULL LIMIT most) c;
    END CASE;
    RETURN found;
END
$$;
REVOKE ALL ON FUNCTION count_licensed(text, uuid, bigint) FROM PUBLIC;

-- What the gateway asks: of tenants that it sees and no others.
CREATE FUNCTION licensed_usage(root uuid) RETURNS TABLE (subscribers bigint, nases bigint, tenants bigint, sessions bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF root <> ALL (coalesce(public.visible_tenants(), '{}')) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT public.count_licensed('subscribers', root, 9223372036854775807),
        public.count_licensed('nases', root, 9223372036854775807), public.count_licensed('tenants', root, 9223372036854775807),
        public.count_licensed('sessions', root, 9223372036854775807);
END
$$;
REVOKE ALL ON FUNCTION licensed_usage(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION licensed_usage(uuid) TO nexora_gateway;

-- Throws when one of the tenants, or one above, has more than its licence allows. Runs as the owner: the licence above is
-- none of the gateway's. Whoever creates under one limit waits for the other who does: the count is of what is committed.
CREATE FUNCTION enforce_licences(resource text, changed uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    licence record;
BEGIN
    FOR licence IN
        WITH RECURSIVE up AS (
            SELECT id, parent_id FROM public.tenants WHERE id = ANY (changed)
            UNION SELECT t.id, t.parent_id FROM public.tenants t JOIN up ON t.id = up.parent_id
        )
        SELECT l.tenant_id, l.most FROM (
            SELECT tenant_id, CASE resource WHEN 'subscribers' THEN max_subscribers WHEN 'nases' THEN max_nases
                WHEN 'tenants' THEN max_tenants END AS most
            FROM public.tenant_licences) l
        JOIN up ON up.id = l.tenant_id WHERE l.most IS NOT NULL ORDER BY l.tenant_id
    LOOP
        PERFORM pg_advisory_xact_lock(hashtext('licence ' || resource), hashtext(licence.tenant_id::text));
        IF public.count_licensed(resource, licence.tenant_id, licence.most::bigint + 1) > licence.most THEN
            RAISE EXCEPTION 'the licence allows no more' USING ERRCODE = '23514',
                CONSTRAINT = 'licence_max_' || resource, TABLE = 'tenant_licences';
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION enforce_licences(text, uuid[]) FROM PUBLIC;

CREATE FUNCTION check_licence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenants uuid[];
BEGIN
    EXECUTE format('SELECT array_agg(DISTINCT %I) FROM created', TG_ARGV[1]) INTO tenants;
    IF tenants IS NOT NULL THEN
        PERFORM public.enforce_licences(TG_ARGV[0], tenants);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_licence_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM public.enforce_licences(TG_ARGV[0], ARRAY[NEW.tenant_id]);
    RETURN NULL;
END
$$;
CREATE TRIGGER customers_licence AFTER INSERT ON customers REFERENCING NEW TABLE AS created
    FOR EACH STATEMENT EXECUTE FUNCTION check_licence('subscribers', 'tenant_id');
CREATE TRIGGER customers_licence_again AFTER UPDATE OF deleted_at, status ON customers FOR EACH ROW
    WHEN ((OLD.deleted_at IS NOT NULL OR OLD.status = 'terminated') AND NEW.deleted_at IS NULL AND NEW.status <> 'terminated')
    EXECUTE FUNCTION check_licence_again('subscribers');
CREATE TRIGGER nas_devices_licence AFTER INSERT ON nas_devices REFERENCING NEW TABLE AS created
    FOR EACH STATEMENT EXECUTE FUNCTION check_licence('nases', 'tenant_id');
CREATE TRIGGER tenants_licence AFTER INSERT ON tenants REFERENCING NEW TABLE AS created
    FOR EACH STATEMENT EXECUTE FUNCTION check_licence('tenants', 'id');

-- Partners, deletion ---------------------------------------------------------------------------------------------------

CREATE TABLE tenant_partners (
    tenant_id  uuid PRIMARY KEY REFERENCES tenants (id),
    kind       text NOT NULL CHECK (kind IN ('wholesale', 'retail')),
    contact    text NOT NULL DEFAULT '' CHECK (length(contact) <= 200),
    -- Hundredths of a percent.
    commission_basis_points integer NOT NULL CHECK (commission_basis_points BETWEEN 0 AND 10000),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Asked for, and not yet done: the row goes with the tenant, or when it is undone.
CREATE TABLE tenant_deletions (
    tenant_id    uuid PRIMARY KEY REFERENCES tenants (id),
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at       timestamptz NOT NULL,
    note         text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    actor_id     uuid NOT NULL,
    CHECK (due_at >= requested_at + interval '1 day')
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenant_settings_history', 'tenant_suspensions', 'tenant_licences', 'tenant_usage_daily', 'tenant_partners', 'tenant_deletions'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name || '_owner', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
    END LOOP;
    -- What those above decide: written for tenants whose parent the transaction sees, so never for its own root.
    FOREACH name IN ARRAY ARRAY['tenant_licences', 'tenant_partners', 'tenant_deletions'] LOOP
        EXECUTE format($policy$CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id IN (
            SELECT t.id FROM tenants t WHERE t.parent_id = ANY ((SELECT visible_tenants())::uuid[])))$policy$, name || '_above', name);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO nexora_gateway', name);
    END LOOP;
END
$$;
-- Nobody brings a deletion forward.
REVOKE UPDATE ON tenant_deletions FROM nexora_gateway;
CREATE POLICY tenant_suspensions_above ON tenant_suspensions TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND source_id IN (
        SELECT t.id FROM tenants t WHERE t.parent_id = ANY ((SELECT visible_tenants())::uuid[])));
GRANT INSERT, DELETE, UPDATE (reason, note, actor_id) ON tenant_suspensions TO nexora_gateway;
CREATE POLICY tenant_usage_daily_write ON tenant_usage_daily TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
GRANT INSERT, UPDATE ON tenant_usage_daily TO nexora_gateway;

-- The legal archive ----------------------------------------------------------------------------------------------------

-- What the law wants kept of tenants that are gone (F-20), sealed under a key of its own for each purpose: the key's end is
-- the content's end. No role but the owner's reaches it, no tenant can.
CREATE TABLE legal_archives (
    id          uuid PRIMARY KEY,
    -- Whose it was; no reference, for the tenant is gone.
    former_tenant_id uuid NOT NULL,
    name        text NOT NULL,
    subdomain   text NOT NULL,
    purged_at   timestamptz NOT NULL,
    -- audit: who did what. connections: who had which address when.
    purpose     text NOT NULL CHECK (purpose IN ('audit', 'connections')),
    keep_until  timestamptz NOT NULL,
    -- The content's key, sealed with the keyring; null once it was shredded.
    sealed_key  bytea,
    shredded_at timestamptz,
    rows        bigint NOT NULL,
    -- Over the parts' digests in their order: proves what was kept, also when nobody can read it any more.
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    UNIQUE (former_tenant_id, purpose),
    CHECK ((sealed_key IS NULL) = (shredded_at IS NOT NULL))
);
CREATE TABLE legal_archive_parts (
    archive_id uuid NOT NULL REFERENCES legal_archives (id),
    part       integer NOT NULL CHECK (part > 0),
    source     text NOT NULL,
    rows       integer NOT NULL,
    -- SHA-256 of the clear text: lines of JSON.
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    sealed     bytea NOT NULL,
    PRIMARY KEY (archive_id, part)
);
ALTER TABLE legal_archive_parts ALTER COLUMN sealed SET STORAGE EXTERNAL;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['legal_archives', 'legal_archive_parts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name || '_owner', name);
    END LOOP;
END
$$;

-- Removes every row of a tenant whose deletion is due, table by table as references allow, then the tenant. Tables are found
-- in the catalog: one that a later migration adds goes with the others. Messages that wait in the outbox are still sent.
-- Returns how many rows went. Only the owner may.
CREATE FUNCTION purge_tenant(gone uuid) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    tables text[];
    waiting text[];
    blocked text[];
    name text;
    removed bigint := 0;
    before bigint;
    count bigint;
BEGIN
    PERFORM FROM public.tenants WHERE id = gone FOR UPDATE;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM public.tenant_deletions WHERE tenant_id = gone AND due_at <= clock_timestamp()) THEN
        RAISE EXCEPTION 'no deletion of this tenant is due' USING ERRCODE = '23514', CONSTRAINT = 'tenant_deletion_due', TABLE = 'tenant_deletions';
    END IF;
    IF EXISTS (SELECT FROM public.tenants WHERE parent_id = gone) THEN
        RAISE EXCEPTION 'tenants stand below this one' USING ERRCODE = '23503', CONSTRAINT = 'tenants_parent_id_fkey', TABLE = 'tenants';
    END IF;
    PERFORM set_config('nexora.tenants', ARRAY[gone]::text, true), set_config('nexora.audit_removal', 'on', true);
    -- A row that goes may leave one behind in a table that was emptied before, as a service does in its history: the tables are
    -- gone through until there is nothing left to take.
    tables := ARRAY(
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped AND c.relname <> 'outbox'
        ORDER BY c.relname);
    LOOP
        before := removed;
        waiting := tables;
        WHILE cardinality(waiting) > 0 LOOP
            blocked := '{}';
            FOREACH name IN ARRAY waiting LOOP
                BEGIN
                    EXECUTE format('DELETE FROM public.%I WHERE tenant_id = $1', name) USING gone;
                    GET DIAGNOSTICS count = ROW_COUNT;
                    removed := removed + count;
                EXCEPTION WHEN foreign_key_violation THEN
                    blocked := blocked || name;
                END;
            END LOOP;
            IF cardinality(blocked) = cardinality(waiting) THEN
                RAISE EXCEPTION 'rows of % refer to one another', blocked USING ERRCODE = '23503', CONSTRAINT = 'purge_tenant', TABLE = blocked[1];
            END IF;
            waiting := blocked;
        END LOOP;
        EXIT WHEN removed = before;
    END LOOP;
    DELETE FROM public.tenant_suspensions WHERE source_id = gone;
    DELETE FROM public.tenants WHERE id = gone;
    PERFORM set_config('nexora.audit_removal', '', true), set_config('nexora.tenants', '', true);
    RETURN removed + 1;
END
$$;
REVOKE ALL ON FUNCTION purge_tenant(uuid) FROM PUBLIC;
