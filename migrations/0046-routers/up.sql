-- Services that live in a router's own list of PPP secrets, and what is to be done on routers (MTK-01 to MTK-07, LCY-07, LCY-08).
-- docs/ROUTEROS.md says what is guaranteed.

-- Most services know RADIUS alone: they have none.
ALTER TABLE services ADD COLUMN router_id uuid,
    ADD CONSTRAINT services_router FOREIGN KEY (tenant_id, router_id) REFERENCES devices (tenant_id, id),
    ADD CONSTRAINT services_router_kind CHECK (router_id IS NULL OR kind = 'pppoe');
CREATE INDEX services_router ON services (tenant_id, router_id) WHERE router_id IS NOT NULL;

-- Only a router of MikroTik's has such a list, also after somebody said what else the device is.
CREATE FUNCTION check_service_router() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id AND d.kind = 'router' AND d.vendor = 'mikrotik'
    FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id) THEN
        RAISE EXCEPTION 'the device is no router of MikroTik' USING ERRCODE = '23514', CONSTRAINT = 'services_router_vendor', TABLE = 'services';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER services_router_vendor BEFORE INSERT OR UPDATE OF router_id ON services FOR EACH ROW
    WHEN (NEW.router_id IS NOT NULL) EXECUTE FUNCTION check_service_router();

CREATE FUNCTION check_router_services() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM services s WHERE s.tenant_id = NEW.tenant_id AND s.router_id = NEW.id) THEN
        RAISE EXCEPTION 'services live on the router' USING ERRCODE = '23514', CONSTRAINT = 'devices_router_in_use', TABLE = 'devices';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER devices_router_in_use BEFORE UPDATE OF kind, vendor ON devices FOR EACH ROW
    WHEN (OLD.kind = 'router' AND OLD.vendor = 'mikrotik' AND (NEW.kind <> 'router' OR NEW.vendor <> 'mikrotik'))
    EXECUTE FUNCTION check_router_services();

-- What is to be done on a router, and what became of it. No secret stands here: whoever does it reads what the service is then, so
-- that of several operations of one service the last does the work of all.
CREATE TABLE router_operations (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    -- The order in which a router is told.
    number      bigint GENERATED ALWAYS AS IDENTITY,
    device_id   uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('sync_service', 'remove_service', 'disconnect_service', 'sync_profile')),
    -- No references: what was done stays when the service or the plan goes.
    service_id  uuid,
    plan_id     uuid,
    -- Whose secret goes: the service may have another name by then, or be gone. Taken away once it is done.
    username    text CHECK (length(username) BETWEEN 1 AND 253),
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed', 'superseded')),
    -- How often the router refused it. That it was away is no attempt.
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Why it waits, or how it ended; a word.
    reason      text CHECK (reason ~ '^[a-z_]{1,50}$'),
    -- The router's own words.
    detail      text CHECK (length(detail) BETWEEN 1 AND 200),
    correlation_id text CHECK (length(correlation_id) <= 128),
    operation_id uuid,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at  timestamptz,
    ended_at    timestamptz,
    -- Not before.
    next_at     timestamptz DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE,
    CHECK ((state IN ('done', 'failed', 'superseded')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (next_at IS NOT NULL)),
    CHECK (state <> 'failed' OR reason IS NOT NULL),
    CHECK (CASE kind WHEN 'sync_profile' THEN plan_id IS NOT NULL ELSE service_id IS NOT NULL END),
    CHECK (kind <> 'remove_service' OR username IS NOT NULL OR state IN ('done', 'superseded'))
) WITH (fillfactor = 70);
CREATE INDEX router_operations_device ON router_operations (tenant_id, device_id, id);
CREATE INDEX router_operations_service ON router_operations (tenant_id, service_id, number) WHERE service_id IS NOT NULL;
-- What is under way is little, however much there was. By router over all tenants: one process looks after them all.
CREATE INDEX router_operations_open ON router_operations (tenant_id, device_id, number) WHERE ended_at IS NULL;
CREATE INDEX router_operations_due ON router_operations (next_at) WHERE ended_at IS NULL;
CREATE INDEX router_operations_ended ON router_operations (ended_at) WHERE ended_at IS NOT NULL;

-- What ended stays as it is.
CREATE FUNCTION refuse_router_operation_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the operation has ended' USING ERRCODE = '23514', CONSTRAINT = 'router_operations_final', TABLE = 'router_operations';
END
$$;
CREATE TRIGGER router_operations_final BEFORE UPDATE ON router_operations FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_router_operation_change();

-- What is to be done is asked for by the change itself, in its own commit, whoever makes it: nothing is forgotten. All these run as
-- the owner, for the reason that announce_directory_change has.
-- A plan that was made for an update of one row must not be used for one of many: nested loops over transition tables are quadratic.
CREATE FUNCTION queue_service_operations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    SET enable_nestloop = off AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id, username)
        SELECT o.tenant_id, o.router_id, 'remove_service', o.id, o.username FROM gone o WHERE o.router_id IS NOT NULL;
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
        SELECT n.tenant_id, n.router_id, 'sync_service', n.id FROM changed n WHERE n.router_id IS NOT NULL;
        RETURN NULL;
    END IF;
    -- Where it was, and by the name that it had there. One that is terminated went already, unless that still waits.
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id, username)
    SELECT o.tenant_id, o.router_id, 'remove_service', o.id, o.username
    FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
    WHERE o.router_id IS NOT NULL AND (n.router_id IS DISTINCT FROM o.router_id OR n.username <> o.username)
        AND (o.status IN ('active', 'suspended') OR EXISTS (
            SELECT FROM public.router_operations r
            WHERE r.tenant_id = o.tenant_id AND r.service_id = o.id AND r.state IN ('pending', 'running', 'failed')));
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
    SELECT n.tenant_id, n.router_id, 'sync_service', n.id
    FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
    WHERE n.router_id IS NOT NULL
        AND (n.router_id, n.customer_id, n.plan_id, n.username, n.status, n.expires_at, n.static_ipv4, n.boost_plan_id,
            n.boosted_until, n.restriction = 'blocked', CASE n.restriction WHEN 'blocked' THEN n.restricted_until END)
        IS DISTINCT FROM (o.router_id, o.customer_id, o.plan_id, o.username, o.status, o.expires_at, o.static_ipv4, o.boost_plan_id,
            o.boosted_until, o.restriction = 'blocked', CASE o.restriction WHEN 'blocked' THEN o.restricted_until END);
    -- A session keeps the plan and the address that it began with.
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
    SELECT n.tenant_id, n.router_id, 'disconnect_service', n.id
    FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
    WHERE n.router_id = o.router_id AND n.username = o.username AND o.status = 'active' AND n.status = 'active'
        AND (n.plan_id, n.static_ipv4, n.boost_plan_id) IS DISTINCT FROM (o.plan_id, o.static_ipv4, o.boost_plan_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER services_routers_insert AFTER INSERT ON services REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_service_operations();
CREATE TRIGGER services_routers_update AFTER UPDATE ON services REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_service_operations();
CREATE TRIGGER services_routers_delete AFTER DELETE ON services REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION queue_service_operations();

-- A password is the router's too. Removed with its service it asks for nothing: the service is gone by then.
CREATE FUNCTION queue_credential_operations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
        SELECT s.tenant_id, s.router_id, 'sync_service', s.id
        FROM gone o JOIN changed c ON c.tenant_id = o.tenant_id AND c.service_id = o.service_id AND c.password <> o.password
        JOIN public.services s ON s.tenant_id = c.tenant_id AND s.id = c.service_id
        WHERE s.router_id IS NOT NULL;
    ELSE
        INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
        SELECT s.tenant_id, s.router_id, 'sync_service', s.id
        FROM changed c JOIN public.services s ON s.tenant_id = c.tenant_id AND s.id = c.service_id
        WHERE s.router_id IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER service_credentials_routers_insert AFTER INSERT ON service_credentials REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_credential_operations();
CREATE TRIGGER service_credentials_routers_update AFTER UPDATE ON service_credentials REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_credential_operations();
CREATE TRIGGER service_credentials_routers_delete AFTER DELETE ON service_credentials REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_credential_operations();

-- A customer, or a tenant, who may no longer come in: each of his services on a router.
CREATE FUNCTION queue_customer_operations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
    SELECT s.tenant_id, s.router_id, 'sync_service', s.id
    FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
        AND (n.status, n.deleted_at IS NULL) IS DISTINCT FROM (o.status, o.deleted_at IS NULL)
    JOIN public.services s ON s.tenant_id = n.tenant_id AND s.customer_id = n.id
    WHERE s.router_id IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER customers_routers_update AFTER UPDATE ON customers REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_customer_operations();

CREATE FUNCTION queue_tenant_operations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
    SELECT s.tenant_id, s.router_id, 'sync_service', s.id
    FROM gone o JOIN changed n ON n.id = o.id AND n.is_active <> o.is_active
    JOIN public.services s ON s.tenant_id = n.id
    WHERE s.router_id IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER tenants_routers_update AFTER UPDATE ON tenants REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_tenant_operations();

-- A plan's profile on every router that it is used on, once. Queues are their services' own.
CREATE FUNCTION queue_plans_operations(tenants uuid[], plans uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    INSERT INTO public.router_operations (tenant_id, device_id, kind, plan_id)
    SELECT DISTINCT k.tenant_id, s.router_id, 'sync_profile', k.plan_id
    FROM (SELECT DISTINCT * FROM unnest(tenants, plans) AS u (tenant_id, plan_id)) k
    JOIN public.services s ON s.tenant_id = k.tenant_id AND (s.plan_id = k.plan_id OR s.boost_plan_id = k.plan_id)
    WHERE s.router_id IS NOT NULL AND s.status IN ('active', 'suspended');
    INSERT INTO public.router_operations (tenant_id, device_id, kind, service_id)
    SELECT DISTINCT s.tenant_id, s.router_id, 'sync_service', s.id
    FROM (SELECT DISTINCT * FROM unnest(tenants, plans) AS u (tenant_id, plan_id)) k
    JOIN public.services s ON s.tenant_id = k.tenant_id AND (s.plan_id = k.plan_id OR s.boost_plan_id = k.plan_id)
    WHERE s.router_id IS NOT NULL AND s.status IN ('active', 'suspended') AND s.static_ipv4 IS NOT NULL;
$$;
REVOKE ALL ON FUNCTION queue_plans_operations(uuid[], uuid[]) FROM PUBLIC;

CREATE FUNCTION queue_plan_operations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenants uuid[];
    plans uuid[];
BEGIN
    IF TG_TABLE_NAME = 'plans' THEN
        SELECT array_agg(n.tenant_id), array_agg(n.id) INTO tenants, plans
        FROM gone o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
        WHERE (n.name, n.download_bps, n.upload_bps, n.session_limit, n.bandwidth_profile_id)
            IS DISTINCT FROM (o.name, o.download_bps, o.upload_bps, o.session_limit, o.bandwidth_profile_id);
    ELSIF TG_TABLE_NAME = 'bandwidth_profiles' THEN
        SELECT array_agg(p.tenant_id), array_agg(p.id) INTO tenants, plans
        FROM changed n JOIN public.plans p ON p.tenant_id = n.tenant_id AND p.bandwidth_profile_id = n.id;
    ELSE
        SELECT array_agg(n.tenant_id), array_agg(n.plan_id) INTO tenants, plans FROM changed n;
    END IF;
    IF tenants IS NOT NULL THEN
        PERFORM public.queue_plans_operations(tenants, plans);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER plans_routers_update AFTER UPDATE ON plans REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_plan_operations();
CREATE TRIGGER bandwidth_profiles_routers_update AFTER UPDATE ON bandwidth_profiles REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_plan_operations();
CREATE TRIGGER plan_advanced_settings_routers_insert AFTER INSERT ON plan_advanced_settings REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_plan_operations();
CREATE TRIGGER plan_advanced_settings_routers_update AFTER UPDATE ON plan_advanced_settings REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_plan_operations();
CREATE TRIGGER plan_advanced_settings_routers_delete AFTER DELETE ON plan_advanced_settings REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION queue_plan_operations();

ALTER TABLE router_operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE router_operations FORCE ROW LEVEL SECURITY;
CREATE POLICY router_operations_gateway ON router_operations TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY router_operations_whole ON router_operations FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY router_operations_pipeline ON router_operations TO nexora_pipeline USING (true) WITH CHECK (true);
-- Somebody asks for all of a router's services again.
GRANT SELECT, INSERT (tenant_id, device_id, kind, service_id, plan_id, correlation_id) ON router_operations TO nexora_gateway;
GRANT SELECT, INSERT, DELETE, UPDATE (username, state, attempts, reason, detail, started_at, ended_at, next_at)
    ON router_operations TO nexora_pipeline;
