-- The operator at the root of the tree sees every tenant. Row-level security compared each row with each of a thousand of them, and
-- an index probe for one tenant sorted the thousand first: a list took seven times as long as the same list without it.
--
-- His reads step down into a role of their own, which sees every row while begin_reading says that its tenants are all that
-- there are. Everybody else's policies, and his own for what he changes, stay as they are.

DO $$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexora_operator') THEN
            CREATE ROLE nexora_operator NOLOGIN NOBYPASSRLS;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        GRANT nexora_gateway TO nexora_operator;
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
    BEGIN
        EXECUTE format('GRANT nexora_operator TO %I', current_user);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
END
$$;

CREATE FUNCTION sees_all_tenants() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('nexora.all_tenants', true) = 'yes', false)
$$;

-- Postgres asks the policies of a table from the last name to the first: this one, which costs nothing, before the tenant's.
DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT tablename FROM pg_policies
        WHERE schemaname = 'public' AND policyname = tablename || '_gateway' AND cmd IN ('ALL', 'SELECT')
    LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))',
            name || '_whole', name);
    END LOOP;
END
$$;

-- Whether that tenant is the one root of the tree, so that all others stand below him.
CREATE FUNCTION is_only_root(tenant uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    SELECT array_agg(t.id) = ARRAY[tenant] FROM public.tenants t WHERE t.parent_id IS NULL
$$;
REVOKE ALL ON FUNCTION is_only_root(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_only_root(uuid) TO nexora_gateway;

-- As 0021 has it. A few tenants are compared as quickly as the role is changed; a login that may not become the other role
-- reads as before. Compiling a statement takes longer than reading a page.
CREATE OR REPLACE FUNCTION begin_reading(root uuid, joining uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tree uuid[] := public.tenant_subtree(root);
    setting text;
BEGIN
    setting := pg_catalog.set_config('role', 'nexora_gateway', true);
    setting := pg_catalog.set_config('transaction_read_only', 'on', true);
    setting := pg_catalog.set_config('nexora.tenants', (tree || joining)::text, true);
    IF cardinality(tree) > 32 AND public.is_only_root(root)
        AND pg_catalog.pg_has_role(session_user, 'nexora_operator', 'MEMBER')
    THEN
        setting := pg_catalog.set_config('role', 'nexora_operator', true);
        setting := pg_catalog.set_config('nexora.all_tenants', 'yes', true);
        setting := pg_catalog.set_config('jit', 'off', true);
    END IF;
END
$$;
