-- Entries of a batch are linked one after another and written in one statement: a batch of some dozen took as long as so many inserts.
-- What it guarantees is as before (0012-audit): entries join their tenants' chains, tenants in one order so that two who add do not wait
-- for each other in a circle; the element at one place of every array is one entry.
CREATE OR REPLACE FUNCTION add_audit_entries(
    tenant_ids uuid[], ids uuid[], occurred timestamptz[], nanoseconds integer[], actor_kinds text[], actor_ids uuid[],
    impersonators uuid[], addresses text[], user_agents text[], request_ids text[], actions text[], resource_types text[],
    resource_ids text[], outcomes text[], reasons text[], olds text[], news text[], content_hashes bytea[]
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    entry record;
    tenant uuid;
    head public.audit_chains;
    numbers bigint[] := array_fill(NULL::bigint, ARRAY[coalesce(cardinality(ids), 0)]);
    recorded timestamptz[] := array_fill(NULL::timestamptz, ARRAY[coalesce(cardinality(ids), 0)]);
    hashes bytea[] := array_fill(NULL::bytea, ARRAY[coalesce(cardinality(ids), 0)]);
BEGIN
    FOR entry IN
        SELECT t.id, t.content, t.place::integer AS place
        FROM unnest(tenant_ids, content_hashes) WITH ORDINALITY AS t (id, content, place) ORDER BY t.id, t.place
    LOOP
        IF tenant IS DISTINCT FROM entry.id THEN
            IF tenant IS NOT NULL THEN
                UPDATE public.audit_chains c SET number = head.number, hash = head.hash, recorded_at = head.recorded_at
                WHERE c.tenant_id = tenant;
            END IF;
            tenant := entry.id;
            SELECT * INTO head FROM public.audit_chains c WHERE c.tenant_id = tenant FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO public.audit_chains (tenant_id) VALUES (tenant) ON CONFLICT (tenant_id) DO NOTHING;
                SELECT * INTO STRICT head FROM public.audit_chains c WHERE c.tenant_id = tenant FOR UPDATE;
            END IF;
        END IF;
        head.number := head.number + 1;
        head.recorded_at := greatest(clock_timestamp(), head.recorded_at);
        head.hash := sha256('nexora.audit.link.1'::bytea || head.hash || int8send(head.number)
            || int8send((extract(epoch FROM head.recorded_at) * 1000000)::bigint) || entry.content);
        numbers[entry.place] := head.number;
        recorded[entry.place] := head.recorded_at;
        hashes[entry.place] := head.hash;
    END LOOP;
    IF tenant IS NOT NULL THEN
        UPDATE public.audit_chains c SET number = head.number, hash = head.hash, recorded_at = head.recorded_at
        WHERE c.tenant_id = tenant;
    END IF;
    INSERT INTO public.audit_logs (tenant_id, number, recorded_at, id, occurred_at, occurred_nanoseconds, actor_kind,
        actor_id, impersonator_id, address, user_agent, request_id, action, resource_type, resource_id, outcome, reason,
        old_values, new_values, content_hash, hash)
    SELECT e.tenant, e.number, e.recorded, e.id, e.occurred, e.nanosecond, e.actor_kind, e.actor, e.impersonator,
        e.address::inet, e.agent, e.request, e.action, e.resource_type, e.resource, e.outcome, e.reason, e.old::jsonb,
        e.new::jsonb, e.content, e.hash
    FROM unnest(tenant_ids, numbers, recorded, ids, occurred, nanoseconds, actor_kinds, actor_ids, impersonators, addresses,
        user_agents, request_ids, actions, resource_types, resource_ids, outcomes, reasons, olds, news, content_hashes, hashes)
        AS e (tenant, number, recorded, id, occurred, nanosecond, actor_kind, actor, impersonator, address, agent, request,
            action, resource_type, resource, outcome, reason, old, new, content, hash);
END
$$;
