-- What a plan allows in a window of time, how much of it each service used, and what follows from that: slower, not at all, or a
-- charge (FUP-01 to FUP-04, FUP-11, FUP-15, PLN-07, ACC-11). docs/BILLING-QUOTAS.md says what is guaranteed.

CREATE TABLE plan_quotas (
    tenant_id  uuid NOT NULL,
    plan_id    uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuid_v7(),
    -- By it a service's row names the speeds that it is throttled to.
    position   smallint NOT NULL CHECK (position BETWEEN 1 AND 8),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    resource   text NOT NULL DEFAULT 'octets' CHECK (resource IN ('octets', 'seconds')),
    direction  text NOT NULL DEFAULT 'both' CHECK (direction IN ('both', 'download', 'upload')),
    -- Octets or seconds in a window; -1 is no limit.
    allowance  bigint NOT NULL CHECK (allowance = -1 OR allowance > 0),
    -- By the tenant's clocks; a period is a month from the day on which the subscription began.
    span       text NOT NULL DEFAULT 'month' CHECK (span IN ('day', 'week', 'month', 'period')),
    policy     text NOT NULL CHECK (policy IN ('tell', 'throttle', 'block', 'bill')),
    throttle_download_bps bigint CHECK (throttle_download_bps > 0),
    throttle_upload_bps   bigint CHECK (throttle_upload_bps > 0),
    -- For each unit that was begun, in ten-thousandths of the plan's currency.
    overage_price bigint CHECK (overage_price BETWEEN 1 AND 999999999999999999),
    overage_unit  bigint CHECK (overage_unit > 0),
    -- What a customer may buy on top, in ten-thousandths of the plan's currency; null where nothing is sold.
    top_up_amount bigint CHECK (top_up_amount > 0),
    top_up_price  bigint CHECK (top_up_price BETWEEN 1 AND 999999999999999999),
    -- Hours that count otherwise than in full, four numbers each: days (Monday the lowest of seven bits), start and end minute,
    -- percent. Of hours that overlap the first hold.
    hours      integer[] NOT NULL DEFAULT '{}' CHECK (cardinality(hours) <= 128 AND cardinality(hours) % 4 = 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, plan_id, position),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id) ON DELETE CASCADE,
    CHECK ((policy = 'throttle') = (throttle_download_bps IS NOT NULL AND throttle_upload_bps IS NOT NULL)),
    CHECK ((policy = 'bill') = (overage_price IS NOT NULL AND overage_unit IS NOT NULL)),
    CHECK ((top_up_amount IS NULL) = (top_up_price IS NULL)),
    CHECK (resource = 'octets' OR direction = 'both')
);

-- How much of a window is used. There is no row for a quota without a limit, nor for a window in which nothing was used or bought.
CREATE TABLE quota_usage (
    tenant_id    uuid NOT NULL,
    service_id   uuid NOT NULL,
    quota_id     uuid NOT NULL,
    window_start timestamptz NOT NULL,
    window_end   timestamptz NOT NULL,
    -- Octets or seconds, each times the percent at which its hour counts.
    weighted     bigint NOT NULL DEFAULT 0 CHECK (weighted >= 0),
    -- Bought or granted on top of the allowance.
    bonus        bigint NOT NULL DEFAULT 0 CHECK (bonus >= 0),
    -- The highest threshold that was told, in percent.
    told         smallint NOT NULL DEFAULT 0 CHECK (told IN (0, 80, 95, 100)),
    is_exhausted boolean NOT NULL DEFAULT false,
    -- Units beyond the allowance for which a charge was ordered, and whether one of those was refused and is still owed.
    billed_units bigint NOT NULL DEFAULT 0 CHECK (billed_units >= 0),
    is_unpaid    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, service_id, quota_id, window_start),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id) ON DELETE CASCADE,
    CHECK (window_start < window_end)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- What services used, by the hour of UTC in which their records were received: what is rated, and what a quota is tried against.
CREATE TABLE usage_hourly (
    tenant_id     uuid NOT NULL,
    service_id    uuid NOT NULL,
    hour          timestamptz NOT NULL,
    input_octets  bigint NOT NULL DEFAULT 0 CHECK (input_octets >= 0),
    output_octets bigint NOT NULL DEFAULT 0 CHECK (output_octets >= 0),
    seconds       bigint NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    PRIMARY KEY (tenant_id, service_id, hour),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Charges for what was used beyond an allowance, and what was bought or granted on top of one.
CREATE TABLE quota_orders (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuid_v7(),
    service_id   uuid NOT NULL,
    customer_id  uuid NOT NULL,
    quota_id     uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('overage', 'top_up', 'grant')),
    -- Of an overage; of the others the window that they were applied to.
    window_start timestamptz,
    first_unit   bigint CHECK (first_unit > 0),
    last_unit    bigint CHECK (last_unit >= first_unit),
    -- What a top-up or grant adds.
    amount       bigint CHECK (amount > 0),
    -- In all, in ten-thousandths.
    price        bigint NOT NULL CHECK (price BETWEEN 0 AND 999999999999999999),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'posted', 'refused')),
    -- How often the ledger refused it: a part of the next command's key.
    refusals     integer NOT NULL DEFAULT 0 CHECK (refusals >= 0),
    refusal      text CHECK (length(refusal) <= 60),
    due_at       timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    -- What it does to a window was done.
    applied_at   timestamptz,
    actor_id     uuid,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id) ON DELETE CASCADE,
    CHECK ((kind = 'overage') = (first_unit IS NOT NULL AND last_unit IS NOT NULL)),
    CHECK ((kind = 'overage') = (amount IS NULL)),
    CHECK (kind <> 'overage' OR window_start IS NOT NULL),
    CHECK (kind = 'grant' OR price > 0)
);
CREATE INDEX quota_orders_service ON quota_orders (tenant_id, service_id, id);
-- What waits is little, however many there were.
CREATE INDEX quota_orders_pending ON quota_orders (tenant_id, due_at) WHERE state = 'pending';
CREATE INDEX quota_orders_unapplied ON quota_orders (tenant_id, id) WHERE applied_at IS NULL AND state <> 'pending';

-- How far the stream of usage was counted, in the same commit as the counts: a message that comes again counts once. A stream that
-- was made anew has another time of creation, and numbers its messages anew.
CREATE TABLE quota_progress (
    stream  text PRIMARY KEY CHECK (length(stream) BETWEEN 1 AND 100),
    created bigint NOT NULL,
    last    bigint NOT NULL CHECK (last >= 0)
);

-- What a service may not do for its quotas. Whoever decides about logins lets it be from restricted_until on by himself, so that
-- access comes back in time with nobody's help.
ALTER TABLE services
    ADD COLUMN restriction text NOT NULL DEFAULT 'none' CHECK (restriction IN ('none', 'throttled', 'blocked')),
    ADD COLUMN restricted_position smallint CHECK (restricted_position BETWEEN 1 AND 8),
    ADD COLUMN restricted_until timestamptz,
    -- The local day from which quotas by the period are counted; null is the day on which the service was made.
    ADD COLUMN quota_anchor date,
    ADD CONSTRAINT services_restriction CHECK ((restriction = 'none') = (restricted_until IS NULL)
        AND (restriction = 'throttled') = (restricted_position IS NOT NULL));
CREATE INDEX services_restricted ON services (tenant_id, restricted_until) WHERE restriction <> 'none';

-- Another plan has quotas of its own.
CREATE FUNCTION lift_restriction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.restriction := 'none';
    NEW.restricted_position := NULL;
    NEW.restricted_until := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER services_lift BEFORE UPDATE OF plan_id ON services FOR EACH ROW
    WHEN (NEW.plan_id IS DISTINCT FROM OLD.plan_id) EXECUTE FUNCTION lift_restriction();

-- Quotas are part of their plan, whose own triggers draw its new version and announce it; services that they restrict are judged
-- anew at once.
CREATE FUNCTION touch_quotas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plans p SET updated_at = clock_timestamp() FROM (SELECT DISTINCT tenant_id, plan_id FROM changed) c
    WHERE p.tenant_id = c.tenant_id AND p.id = c.plan_id;
    UPDATE services s SET restricted_until = '1970-01-01 00:00:00+00' FROM (SELECT DISTINCT tenant_id, plan_id FROM changed) c
    WHERE s.tenant_id = c.tenant_id AND s.plan_id = c.plan_id AND s.restriction <> 'none';
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
    operation text;
BEGIN
    FOREACH operation IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON plan_quotas REFERENCING %s TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_quotas()',
            'plan_quotas_touch_' || lower(operation), operation, CASE operation WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['plan_quotas', 'quota_usage', 'usage_hourly', 'quota_orders'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_billing USING (true) WITH CHECK (true)', name || '_billing', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway, nexora_billing', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['quota_usage', 'usage_hourly'] LOOP
        EXECUTE format('GRANT INSERT, UPDATE ON %I TO nexora_billing', name);
    END LOOP;
END
$$;
GRANT INSERT, UPDATE, DELETE ON plan_quotas TO nexora_gateway;
CREATE POLICY plan_quotas_pipeline ON plan_quotas FOR SELECT TO nexora_pipeline USING (true);
GRANT SELECT ON plan_quotas TO nexora_pipeline;
-- The gateway orders, the worker orders what is owed and says what became of it.
GRANT INSERT ON quota_orders TO nexora_gateway, nexora_billing;
GRANT UPDATE (state, refusals, refusal, due_at, window_start, applied_at) ON quota_orders TO nexora_billing;
GRANT SELECT, INSERT, UPDATE ON quota_progress TO nexora_billing;

-- What the worker reads, and the one thing that it changes of a service. It sees the tenants since 0027.
GRANT SELECT (settings) ON tenants TO nexora_billing;
CREATE POLICY plans_quotas ON plans FOR SELECT TO nexora_billing USING (true);
GRANT SELECT (tenant_id, id, currency) ON plans TO nexora_billing;
-- Since 0033 it sees the services and changes some of their columns.
GRANT SELECT (customer_id, restriction, restricted_position, restricted_until, quota_anchor, created_at) ON services TO nexora_billing;
GRANT UPDATE (restriction, restricted_position, restricted_until) ON services TO nexora_billing;
