-- A customer's personal data ends for good (SEC-09, F-20): his rows lose what names him, the audit trail loses values and keeps
-- its chain.

ALTER TABLE customers ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT customers_erased_is_gone CHECK (erased_at IS NULL OR (deleted_at IS NOT NULL AND status = 'terminated'));

-- What is erased stays so, whoever asks: nobody writes into the row again, nor anything about him beside it. Each locks the
-- customer's row, as whoever erases him does, so that of the two one comes first.
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erased boolean := true;
BEGIN
    IF TG_TABLE_NAME <> 'customers' THEN
        SELECT c.erased_at IS NOT NULL INTO erased FROM customers c
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.customer_id FOR KEY SHARE;
    END IF;
    IF erased THEN
        RAISE EXCEPTION 'the customer was erased' USING ERRCODE = '23514', CONSTRAINT = 'customers_erased', TABLE = 'customers';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER customers_erased BEFORE UPDATE ON customers FOR EACH ROW
    WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION refuse_erased();
-- His services are terminated; what the pipelines do to a service, which is binding a device, is none of these columns.
CREATE TRIGGER services_erased BEFORE UPDATE OF customer_id, plan_id, kind, username, status, static_ipv4, framed_ipv6_prefix,
    delegated_ipv6_prefix, service_address, cpe_serial, cpe_mac ON services FOR EACH ROW
    WHEN (OLD.status = 'terminated') EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER customer_contacts_erased BEFORE INSERT ON customer_contacts FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER customer_notes_erased BEFORE INSERT ON customer_notes FOR EACH ROW EXECUTE FUNCTION refuse_erased();
CREATE TRIGGER users_erased BEFORE INSERT OR UPDATE OF customer_id ON users FOR EACH ROW
    WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_erased();

-- The audit trail ------------------------------------------------------------------------------------------------------

-- When an entry's personal values were taken out. The link to its neighbours is of its first content and stays; for what is left
-- an entry behind it vouches, whose action is "erase" (docs/SECURITY.md).
ALTER TABLE audit_logs ADD COLUMN erased_at timestamptz;
-- Entries that say whose thing they are about; and those about no single thing, such as searches and logins that failed.
CREATE INDEX idx_audit_customer ON audit_logs (tenant_id, (coalesce(new_values ->> 'customer_id', old_values ->> 'customer_id')))
    WHERE coalesce(new_values ->> 'customer_id', old_values ->> 'customer_id') IS NOT NULL;
CREATE INDEX idx_audit_unnamed ON audit_logs (tenant_id, number) WHERE resource_id IS NULL;

-- As before, and erase_audit_values, a function of the owner too, says so in its transaction. Partitions by their own names stay
-- as they are.
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'DELETE' AND current_setting('nexora.audit_removal', true) = 'on'
        OR TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_logs' AND current_setting('nexora.audit_erasure', true) = 'on')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

-- Every text by which a customer is known, in small letters: names, addresses, numbers, user names, devices. Of 4 characters or
-- more: what is shorter stands in too much else. None of who was erased: he is known by nothing.
CREATE FUNCTION personal_texts(tenant uuid, customer uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(DISTINCT lower(t.value)), '{}') FROM (
        SELECT unnest(ARRAY[c.code, c.name, c.email, c.phone, c.address]) AS value
        FROM public.customers c WHERE c.tenant_id = tenant AND c.id = customer
        UNION ALL SELECT unnest(ARRAY[k.name, k.email, k.phone])
        FROM public.customer_contacts k WHERE k.tenant_id = tenant AND k.customer_id = customer
        UNION ALL SELECT unnest(ARRAY[u.email, u.name])
        FROM public.users u WHERE u.tenant_id = tenant AND u.customer_id = customer
        UNION ALL SELECT unnest(ARRAY[s.username, host(s.static_ipv4), s.framed_ipv6_prefix::text, s.delegated_ipv6_prefix::text,
            s.bound_mac::text, s.service_address, s.cpe_serial, s.cpe_mac::text])
        FROM public.services s WHERE s.tenant_id = tenant AND s.customer_id = customer
        UNION ALL SELECT v.value FROM public.service_history h
        CROSS JOIN LATERAL (SELECT * FROM jsonb_each_text(h.before) UNION ALL SELECT * FROM jsonb_each_text(h.after)) v
        WHERE h.tenant_id = tenant AND h.customer_id = customer AND v.key IN ('username', 'static_ipv4', 'framed_ipv6_prefix',
            'delegated_ipv6_prefix', 'service_address', 'cpe_serial', 'cpe_mac')
    ) t
    WHERE length(t.value) >= 4 AND tenant = ANY (coalesce(public.visible_tenants(), '{}'))
        AND EXISTS (SELECT FROM public.customers c WHERE c.tenant_id = tenant AND c.id = customer AND c.erased_at IS NULL)
$$;
REVOKE ALL ON FUNCTION personal_texts(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION personal_texts(uuid, uuid) TO nexora_gateway;

-- The places of the entries that are about a customer, or by him, in his tenant's trail, the newest first and at most "cap": by him
-- and his keys; about him, what is his and what was; and those about no single thing in which one of his texts stands. Those whose
-- values are gone already, and those that vouch for such, are not among them. Runs as the owner: no operator on JSON would reach
-- an index behind row-level security. It tells nothing but places, of tenants that the transaction sees.
CREATE FUNCTION personal_audit(tenant uuid, customer uuid, cap bigint) RETURNS TABLE (entry bigint, recorded timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    accounts uuid[];
    keys uuid[];
    things text[];
    texts text[];
BEGIN
    IF tenant <> ALL (coalesce(public.visible_tenants(), '{}')) THEN
        RETURN;
    END IF;
    accounts := ARRAY(SELECT u.id FROM public.users u WHERE u.tenant_id = tenant AND u.customer_id = customer);
    keys := ARRAY(SELECT k.id FROM public.api_keys k WHERE k.tenant_id = tenant AND k.user_id = ANY (accounts));
    texts := public.personal_texts(tenant, customer);
    -- Kind and id, with a blank between.
    things := ARRAY(
        SELECT 'customer ' || customer
        UNION SELECT 'user ' || i FROM unnest(accounts) i
        UNION SELECT 'api_key ' || i FROM unnest(keys) i
        UNION SELECT k || ' ' || s.id FROM (
            SELECT v.id FROM public.services v WHERE v.tenant_id = tenant AND v.customer_id = customer
            UNION SELECT h.service_id FROM public.service_history h WHERE h.tenant_id = tenant AND h.customer_id = customer
        ) s CROSS JOIN unnest(ARRAY['service', 'credential']) k
        UNION SELECT 'lease ' || l.id FROM public.services v
        JOIN public.ip_allocations l ON l.tenant_id = tenant AND l.service_id = v.id
        WHERE v.tenant_id = tenant AND v.customer_id = customer
        UNION SELECT 'customer_contact ' || c.id FROM public.customer_contacts c
        WHERE c.tenant_id = tenant AND c.customer_id = customer
        UNION SELECT 'customer_note ' || n.id FROM public.customer_notes n WHERE n.tenant_id = tenant AND n.customer_id = customer
        UNION SELECT 'session ' || s.id FROM public.sessions s WHERE s.tenant_id = tenant AND s.customer_id = customer
        UNION SELECT 'session ' || s.id FROM public.sessions_history s WHERE s.tenant_id = tenant AND s.customer_id = customer
        UNION SELECT a.resource_type || ' ' || a.resource_id FROM public.audit_logs a
        WHERE a.tenant_id = tenant AND a.resource_id IS NOT NULL
            AND coalesce(a.new_values ->> 'customer_id', a.old_values ->> 'customer_id') = customer::text
        UNION SELECT 'credential ' || a.resource_id FROM public.audit_logs a
        WHERE a.tenant_id = tenant AND a.resource_id IS NOT NULL AND a.resource_type = 'service'
            AND coalesce(a.new_values ->> 'customer_id', a.old_values ->> 'customer_id') = customer::text);
    RETURN QUERY
        SELECT f.number, f.recorded_at FROM (
            SELECT a.number, a.recorded_at, a.action, a.erased_at FROM public.audit_logs a
            WHERE a.tenant_id = tenant AND a.actor_id = ANY (accounts || keys || customer)
            UNION SELECT a.number, a.recorded_at, a.action, a.erased_at FROM unnest(things) t
            JOIN public.audit_logs a ON a.tenant_id = tenant AND a.resource_type = split_part(t, ' ', 1)
                AND a.resource_id = split_part(t, ' ', 2)
            UNION SELECT a.number, a.recorded_at, a.action, a.erased_at FROM public.audit_logs a
            WHERE a.tenant_id = tenant AND a.resource_id IS NULL AND (strpos(a.new_values::text, customer::text) > 0
                OR EXISTS (SELECT FROM unnest(texts) x WHERE strpos(lower(a.new_values::text), x) > 0))
        ) f
        WHERE f.action <> 'erase' AND f.erased_at IS NULL ORDER BY f.number DESC LIMIT cap;
END
$$;
REVOKE ALL ON FUNCTION personal_audit(uuid, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION personal_audit(uuid, uuid, bigint) TO nexora_gateway;

-- Puts what is left of entries in their places, and returns how many. Which thing, what was done, by whom, when, and both hashes
-- cannot be another; an entry that vouches for others is none of them. The element at one place of every array is one entry.
CREATE FUNCTION erase_audit_values(
    tenant uuid, numbers bigint[], recorded timestamptz[], new_ids uuid[], addresses text[], user_agents text[], reasons text[],
    olds text[], news text[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    changed bigint;
BEGIN
    IF tenant <> ALL (coalesce(public.visible_tenants(), '{}')) THEN
        RAISE EXCEPTION 'new row violates row-level security policy for table "audit_logs"' USING ERRCODE = '42501';
    END IF;
    PERFORM set_config('nexora.audit_erasure', 'on', true);
    UPDATE public.audit_logs a SET id = e.id, address = e.address::inet, user_agent = e.user_agent, reason = e.reason,
        old_values = e.left_old::jsonb, new_values = e.left_new::jsonb, erased_at = clock_timestamp()
    FROM unnest(numbers, recorded, new_ids, addresses, user_agents, reasons, olds, news)
        AS e (number, recorded_at, id, address, user_agent, reason, left_old, left_new)
    WHERE a.tenant_id = tenant AND a.number = e.number AND a.recorded_at = e.recorded_at AND a.erased_at IS NULL
        AND a.action <> 'erase';
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('nexora.audit_erasure', '', true);
    RETURN changed;
END
$$;
REVOKE ALL ON FUNCTION erase_audit_values(uuid, bigint[], timestamptz[], uuid[], text[], text[], text[], text[], text[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_audit_values(uuid, bigint[], timestamptz[], uuid[], text[], text[], text[], text[], text[])
    TO nexora_gateway;

-- The rows -------------------------------------------------------------------------------------------------------------

-- Takes a customer out of every table of his tenant but the audit trail, which must be done before: what he is known by is gone
-- behind it. What was used, where and when stays, under ids alone. Refuses while a service of his is not terminated or a session
-- of his is open. Returns what went and how many rows that were; nothing for a customer who is not there. Of one who was erased
-- before it takes what came late, such as reports of a session that had ended.
-- Runs as the owner: notes, histories, sessions and leases are not the gateway's to write.
CREATE FUNCTION erase_customer(tenant uuid, customer uuid) RETURNS TABLE (part text, affected bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    scope text := current_setting('nexora.tenants', true);
    again boolean;
    owned uuid[];
    marks text[];
    names text[];
    above uuid[];
BEGIN
    IF tenant <> ALL (coalesce(public.visible_tenants(), '{}')) THEN
        RETURN;
    END IF;
    SELECT c.erased_at IS NOT NULL INTO again FROM public.customers c WHERE c.tenant_id = tenant AND c.id = customer FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM public.services s WHERE s.tenant_id = tenant AND s.customer_id = customer ORDER BY s.id FOR UPDATE;
    IF EXISTS (SELECT FROM public.services s
        WHERE s.tenant_id = tenant AND s.customer_id = customer AND s.status <> 'terminated')
    THEN
        RAISE EXCEPTION 'a service is not terminated' USING ERRCODE = '23514', CONSTRAINT = 'erasure_services', TABLE = 'services';
    END IF;
    owned := ARRAY(
        SELECT s.id FROM public.services s WHERE s.tenant_id = tenant AND s.customer_id = customer
        UNION SELECT h.service_id FROM public.service_history h WHERE h.tenant_id = tenant AND h.customer_id = customer);
    names := ARRAY(
        SELECT to_json(s.username)::text FROM public.services s WHERE s.tenant_id = tenant AND s.customer_id = customer
        UNION SELECT to_json(v.value)::text FROM public.service_history h
        CROSS JOIN LATERAL unnest(ARRAY[h.before ->> 'username', h.after ->> 'username']) v (value)
        WHERE h.tenant_id = tenant AND h.customer_id = customer AND v.value IS NOT NULL);
    marks := ARRAY(SELECT i::text FROM unnest(owned || customer) i);

    -- Rows of sessions are written under the locks of accounting (SessionLocks): NASes shared, then keys, each kind ascending.
    PERFORM pg_advisory_xact_lock_shared(20033, k.n) FROM (
        SELECT DISTINCT ('x' || right(replace(s.nas_id::text, '-', ''), 8))::bit(32)::integer AS n FROM public.sessions s
        WHERE s.tenant_id = tenant AND (s.customer_id = customer OR s.service_id = ANY (owned)) ORDER BY 1) k;
    PERFORM pg_advisory_xact_lock(k.n) FROM (
        SELECT DISTINCT ('x' || left(replace(s.session_key::text, '-', ''), 16))::bit(64)::bigint AS n FROM public.sessions s
        WHERE s.tenant_id = tenant AND (s.customer_id = customer OR s.service_id = ANY (owned)) ORDER BY 1) k;
    IF EXISTS (SELECT FROM public.sessions s WHERE s.tenant_id = tenant
        AND (s.customer_id = customer OR s.service_id = ANY (owned)) AND s.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'a session is open' USING ERRCODE = '23514', CONSTRAINT = 'erasure_sessions', TABLE = 'sessions';
    END IF;
    UPDATE public.sessions s SET username = 'erased-' || coalesce(s.service_id, customer), calling_station_id = '',
        nas_port_id = NULL, framed_ipv4 = NULL, framed_ipv6_prefix = NULL, framed_ipv6_address = NULL, delegated_ipv6_prefix = NULL
    WHERE s.tenant_id = tenant AND (s.customer_id = customer OR s.service_id = ANY (owned)) AND (s.username NOT LIKE 'erased-%'
        OR s.calling_station_id <> '' OR s.nas_port_id IS NOT NULL OR s.framed_ipv4 IS NOT NULL OR s.framed_ipv6_prefix IS NOT NULL
        OR s.framed_ipv6_address IS NOT NULL OR s.delegated_ipv6_prefix IS NOT NULL);
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'sessions';
    RETURN NEXT;
    UPDATE public.sessions_history s SET username = 'erased-' || coalesce(s.service_id, customer), calling_station_id = '',
        nas_port_id = NULL, framed_ipv4 = NULL, framed_ipv6_prefix = NULL, framed_ipv6_address = NULL, delegated_ipv6_prefix = NULL
    WHERE s.tenant_id = tenant AND (s.customer_id = customer OR s.service_id = ANY (owned)) AND (s.username NOT LIKE 'erased-%'
        OR s.calling_station_id <> '' OR s.nas_port_id IS NOT NULL OR s.framed_ipv4 IS NOT NULL OR s.framed_ipv6_prefix IS NOT NULL
        OR s.framed_ipv6_address IS NOT NULL OR s.delegated_ipv6_prefix IS NOT NULL);
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'sessions_history';
    RETURN NEXT;

    -- Who had which address when. What Redis still keeps for a service stays until it is given back.
    DELETE FROM public.ip_allocations a WHERE a.tenant_id = tenant AND a.service_id = ANY (owned) AND a.status = 'released';
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'ip_allocations';
    RETURN NEXT;
    UPDATE public.ip_allocations a SET hardware_address = NULL WHERE a.tenant_id = tenant AND a.service_id = ANY (owned);

    DELETE FROM public.service_credentials c WHERE c.tenant_id = tenant AND c.service_id = ANY (owned);
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'service_credentials';
    RETURN NEXT;
    DELETE FROM public.service_reply_attributes r WHERE r.tenant_id = tenant AND r.service_id = ANY (owned);
    UPDATE public.services s SET username = 'erased-' || s.id, static_ipv4 = NULL, framed_ipv6_prefix = NULL,
        delegated_ipv6_prefix = NULL, bound_mac = NULL, bound_at = NULL, binding_generation = s.binding_generation + 1,
        service_address = NULL, cpe_serial = NULL, cpe_mac = NULL
    WHERE s.tenant_id = tenant AND s.customer_id = customer AND NOT again;
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'services';
    RETURN NEXT;
    -- Behind the services, whose last change stands in it.
    DELETE FROM public.service_history h WHERE h.tenant_id = tenant AND (h.customer_id = customer OR h.service_id = ANY (owned));
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'service_history';
    RETURN NEXT;

    DELETE FROM public.customer_contacts c WHERE c.tenant_id = tenant AND c.customer_id = customer;
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'customer_contacts';
    RETURN NEXT;
    DELETE FROM public.customer_notes n WHERE n.tenant_id = tenant AND n.customer_id = customer;
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'customer_notes';
    RETURN NEXT;
    -- With their sessions, tokens, keys, second factors and links.
    DELETE FROM public.users u WHERE u.tenant_id = tenant AND u.customer_id = customer;
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'users';
    RETURN NEXT;
    UPDATE public.operations o SET outcome = NULL WHERE o.tenant_id = tenant AND o.customer_id = customer AND o.outcome IS NOT NULL;
    DELETE FROM public.dead_letters d WHERE d.tenant_id = tenant AND EXISTS (
        SELECT FROM unnest(marks || names) m WHERE strpos(d.payload, m) > 0);
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'dead_letters';
    RETURN NEXT;

    -- Answers that are kept for repetitions, also those to people of the tenants above.
    WITH RECURSIVE up AS (
        SELECT t.id, t.parent_id FROM public.tenants t WHERE t.id = tenant
        UNION SELECT t.id, t.parent_id FROM public.tenants t JOIN up ON t.id = up.parent_id
    )
    SELECT array_agg(up.id) INTO above FROM up;
    PERFORM set_config('nexora.tenants', above::text, true);
    DELETE FROM public.idempotency_keys k WHERE k.tenant_id = ANY (above) AND k.status IS NOT NULL AND EXISTS (
        SELECT FROM unnest(marks) m WHERE position(convert_to(m, 'UTF8') IN coalesce(k.body, '')) > 0
            OR strpos(k.headers::text, m) > 0);
    GET DIAGNOSTICS affected = ROW_COUNT;
    PERFORM set_config('nexora.tenants', scope, true);
    part := 'idempotency_keys';
    RETURN NEXT;

    UPDATE public.customers c SET code = 'erased-' || c.id, name = 'Erased', email = NULL, phone = '-', address = '-',
        status = 'terminated', due_day = 15, notes = '', tags = '{}', latitude = NULL, longitude = NULL, installed_on = NULL,
        monthly_fee = NULL, fee_currency = NULL, deleted_at = coalesce(c.deleted_at, clock_timestamp()),
        erased_at = clock_timestamp()
    WHERE c.tenant_id = tenant AND c.id = customer AND NOT again;
    GET DIAGNOSTICS affected = ROW_COUNT;
    part := 'customers';
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION erase_customer(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_customer(uuid, uuid) TO nexora_gateway;
