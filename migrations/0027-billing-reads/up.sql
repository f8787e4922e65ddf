-- What billing has to know of those whose money it moves: that they are there, and under which operator.

CREATE POLICY tenants_billing ON tenants FOR SELECT TO nexora_billing USING (true);
GRANT SELECT (id, parent_id, kind, is_active) ON tenants TO nexora_billing;
CREATE POLICY customers_billing ON customers FOR SELECT TO nexora_billing USING (true);
GRANT SELECT (tenant_id, id) ON customers TO nexora_billing;

-- The tenants from that one up to the operator at the top, each with its distance.
CREATE FUNCTION tenant_line(tenant uuid) RETURNS TABLE (id uuid, height integer) LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE line AS (
        SELECT t.id, t.parent_id, 0 AS height FROM public.tenants t WHERE t.id = tenant
        UNION ALL SELECT t.id, t.parent_id, line.height + 1 FROM line JOIN public.tenants t ON t.id = line.parent_id
    )
    SELECT line.id, line.height FROM line ORDER BY line.height
$$;
REVOKE ALL ON FUNCTION tenant_line(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_line(uuid) TO nexora_billing, nexora_gateway;
