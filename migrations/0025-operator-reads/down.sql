CREATE OR REPLACE FUNCTION begin_reading(root uuid, joining uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    setting text;
BEGIN
    setting := pg_catalog.set_config('role', 'nexora_gateway', true);
    setting := pg_catalog.set_config('transaction_read_only', 'on', true);
    setting := pg_catalog.set_config('nexora.tenants', (public.tenant_subtree(root) || joining)::text, true);
END
$$;
DROP FUNCTION is_only_root(uuid);

DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = tablename || '_whole' LOOP
        EXECUTE format('DROP POLICY %I ON %I', name || '_whole', name);
    END LOOP;
END
$$;
DROP FUNCTION sees_all_tenants();
-- Roles belong to the whole server, where other databases may use them: it stays, without any policy here.
