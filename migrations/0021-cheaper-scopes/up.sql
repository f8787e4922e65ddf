-- Every transaction of the gateway asks this first. In SQL, and shut in as it is, it was parsed and planned anew each time, which
-- took longer than all the rest of a read; PL/pgSQL keeps its plans for the connection.
CREATE OR REPLACE FUNCTION tenant_subtree(root uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    tree uuid[] := '{}';
    level uuid[] := ARRAY(SELECT t.id FROM public.tenants t WHERE t.id = root);
BEGIN
    -- Nobody stands below himself, so this ends.
    WHILE cardinality(level) > 0 LOOP
        tree := tree || level;
        level := ARRAY(SELECT t.id FROM public.tenants t WHERE t.parent_id = ANY (level) ORDER BY t.id);
    END LOOP;
    RETURN tree;
END
$$;

-- A transaction that only reads, in the scope of a tenant and those that "joining" names, in one statement. It gives nobody
-- anything: who calls it must be able to become the role.
CREATE FUNCTION begin_reading(root uuid, joining uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    setting text;
BEGIN
    setting := pg_catalog.set_config('role', 'nexora_gateway', true);
    setting := pg_catalog.set_config('transaction_read_only', 'on', true);
    setting := pg_catalog.set_config('nexora.tenants', (public.tenant_subtree(root) || joining)::text, true);
END
$$;
