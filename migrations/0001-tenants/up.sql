-- Roles, the tenant tree and the functions that every later table's row-level security uses.
--
-- Three roles: the owner runs migrations and owns every table; nexora_gateway sees the tenants named in the
-- transaction's setting nexora.tenants and nothing else; nexora_pipeline has cross-tenant policies on just the tables
-- that the pipelines work on. None of them bypasses row-level security.

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['nexora_gateway', 'nexora_pipeline'] LOOP
        -- Roles belong to the whole server: another database's migration may make the same one at the same moment.
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        -- The owner may step down into either role, never the other way round.
        BEGIN
            EXECUTE format('GRANT %I TO %I', name, current_user);
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO nexora_gateway, nexora_pipeline;

-- Time-ordered ids (RFC 9562 version 7): 48 bits of milliseconds, then random.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- The tenants this transaction may see. Unset or empty is none.
CREATE FUNCTION visible_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('nexora.tenants', true), '')::uuid[]
$$;

CREATE SEQUENCE directory_version;
GRANT USAGE, SELECT ON SEQUENCE directory_version TO nexora_gateway, nexora_pipeline;

-- Every change of a directory row draws a new version, so that readers can order what they hear.
CREATE FUNCTION stamp_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.row_version := nextval('directory_version');
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE TABLE tenants (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    parent_id   uuid REFERENCES tenants (id),
    kind        text NOT NULL CHECK (kind IN ('operator', 'provider', 'reseller', 'festival')),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    subdomain   text NOT NULL UNIQUE CHECK (subdomain ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    is_active   boolean NOT NULL DEFAULT true,
    settings    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'operator') = (parent_id IS NULL))
);
CREATE INDEX tenants_parent ON tenants (parent_id);
CREATE TRIGGER tenants_stamp BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION stamp_row();

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
-- The owner reads the tree to compute subtrees and plants its root. On the tables below it has no policy of its own, only
-- what it inherits as a member of both roles.
CREATE POLICY tenants_owner ON tenants TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenants_gateway ON tenants TO nexora_gateway
    USING (id = ANY ((SELECT visible_tenants())::uuid[]))
    WITH CHECK (id = ANY ((SELECT visible_tenants())::uuid[]) OR parent_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY tenants_pipeline ON tenants FOR SELECT TO nexora_pipeline USING (true);
-- A tenant's place in the tree never changes: a policy cannot see the row as it was, so the columns are not granted.
GRANT SELECT, INSERT, DELETE, UPDATE (name, subdomain, is_active, settings) ON tenants TO nexora_gateway;
GRANT SELECT ON tenants TO nexora_pipeline;

-- A tenant and everything below it. Runs as the owner: the tree must be readable to find out what is visible in it.
CREATE FUNCTION tenant_subtree(root uuid) RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE tree AS (
        SELECT id FROM public.tenants WHERE id = root
        UNION SELECT t.id FROM public.tenants t JOIN tree ON t.parent_id = tree.id
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM tree
$$;
REVOKE ALL ON FUNCTION tenant_subtree(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_subtree(uuid) TO nexora_gateway;

-- The operator at the root of the tree, null before bootstrap.
CREATE FUNCTION operator_tenant() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    SELECT id FROM public.tenants WHERE kind = 'operator' ORDER BY id LIMIT 1
$$;
REVOKE ALL ON FUNCTION operator_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operator_tenant() TO nexora_gateway;
