-- The entries of a batch are written one by one again.
CREATE OR REPLACE FUNCTION add_audit_entries(
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
