-- Sessions in the audit trail (AUD-06): what the pipelines tell from the stream, once however often it comes.

-- Which of these entries are not in their tenants' trails, as places in the arrays from 1. Locks the chains of those tenants
-- until the transaction ends, so that whoever else was given the same messages waits and then sees them. Of tenants that are
-- gone there is none. An entry is looked for from a day before it happened: clocks differ, and the months before are spared.
CREATE FUNCTION unrecorded_audit(tenant_ids uuid[], ids uuid[], occurred timestamptz[]) RETURNS SETOF bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenants uuid[] := ARRAY(SELECT t.id FROM public.tenants t WHERE t.id = ANY (tenant_ids) ORDER BY t.id);
BEGIN
    INSERT INTO public.audit_chains (tenant_id) SELECT unnest(tenants) ON CONFLICT (tenant_id) DO NOTHING;
    PERFORM FROM public.audit_chains WHERE tenant_id = ANY (tenants) ORDER BY tenant_id FOR UPDATE;
    RETURN QUERY
        SELECT min(e.place) FROM unnest(tenant_ids, ids, occurred) WITH ORDINALITY AS e (tenant_id, id, at, place)
        WHERE e.tenant_id = ANY (tenants) AND NOT EXISTS (
            SELECT FROM public.audit_logs a
            WHERE a.tenant_id = e.tenant_id AND a.id = e.id AND a.recorded_at >= e.at - interval '1 day')
        GROUP BY e.tenant_id, e.id ORDER BY 1;
END
$$;
REVOKE ALL ON FUNCTION unrecorded_audit(uuid[], uuid[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unrecorded_audit(uuid[], uuid[], timestamptz[]) TO nexora_pipeline;
