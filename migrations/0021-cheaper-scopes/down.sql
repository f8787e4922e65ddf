DROP FUNCTION begin_reading(uuid, uuid[]);
CREATE OR REPLACE FUNCTION tenant_subtree(root uuid) RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE tree AS (
        SELECT id FROM public.tenants WHERE id = root
        UNION SELECT t.id FROM public.tenants t JOIN tree ON t.parent_id = tree.id
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM tree
$$;
