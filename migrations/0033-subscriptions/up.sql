-- Subscriptions, what they cost when, and the bills for it (docs/BILLING.md). Amounts are ten-thousandths of their currency, periods
-- are half open, and what decides is one pure function over these rows (Shared/Billing/Subscriptions): billing-worker and the gateway
-- store what it says under the subscription's lock.
--
-- Rows name customers and services without referring to them: a bill outlives the service that it was for.

-- A plan's price and conditions, as they were when somebody took it. A change of the plan makes a new version.
CREATE TABLE plan_versions (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    plan_id     uuid NOT NULL,
    -- Counts the plan's versions from 1.
    number      integer NOT NULL CHECK (number > 0),
    -- Of one cycle.
    price       bigint NOT NULL CHECK (price BETWEEN 0 AND 999999999999999999),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    cycle_unit  text NOT NULL CHECK (cycle_unit IN ('hour', 'day', 'month', 'year')),
    cycle_count integer NOT NULL CHECK (cycle_count BETWEEN 1 AND 1000),
    mode        text NOT NULL CHECK (mode IN ('prepaid', 'postpaid')),
    -- After how many periods it ends by itself; null is never (PLN-07).
    periods     integer CHECK (periods > 0),
    grace_seconds bigint NOT NULL CHECK (grace_seconds BETWEEN 0 AND 31536000),
    suspension  text NOT NULL CHECK (suspension IN ('extend', 'charge')),
    -- Seconds from a bill's due date, below zero before it; ascending.
    reminders   bigint[] NOT NULL CHECK (cardinality(reminders) <= 20),
    promises    integer NOT NULL CHECK (promises BETWEEN 0 AND 100),
    longest_promise_seconds bigint NOT NULL CHECK (longest_promise_seconds BETWEEN 0 AND 31536000),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_id, number)
);

CREATE TABLE subscriptions (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    customer_id uuid NOT NULL,
    service_id  uuid NOT NULL,
    plan_version_id uuid NOT NULL,
    state       text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'active', 'grace', 'suspended', 'paused', 'cancelled', 'ended')),
    -- The tenant's when it was made: a zone that is changed later moves nobody's period.
    time_zone   text NOT NULL DEFAULT 'UTC' CHECK (length(time_zone) BETWEEN 1 AND 64),
    -- Where in time it is, all null before it is activated: what boundaries are counted from, the number of the one that ends the present
    -- period, that period, its number, its number under this plan version, and for how long it stood still.
    anchor      timestamptz,
    boundary    integer,
    period_start timestamptz,
    period_end  timestamptz,
    ordinal     integer CHECK (ordinal > 0),
    period_count integer CHECK (period_count > 0),
    still_seconds bigint CHECK (still_seconds >= 0),
    -- Since when the period stands still.
    stopped_at  timestamptz,
    credit      bigint NOT NULL DEFAULT 0 CHECK (credit BETWEEN 0 AND 999999999999999999),
    promise_until timestamptz,
    promises    integer NOT NULL DEFAULT 0 CHECK (promises >= 0),
    -- What becomes of it at the period's end.
    pending     text CHECK (pending IN ('plan', 'cancel')),
    pending_version_id uuid,
    ended_at    timestamptz,
    -- The service was suspended by this and by nobody else: it may be activated again.
    suspended_service boolean NOT NULL DEFAULT false,
    -- When it is to be looked at next; null is never.
    next_action_at timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_version_id) REFERENCES plan_versions (tenant_id, id),
    FOREIGN KEY (tenant_id, pending_version_id) REFERENCES plan_versions (tenant_id, id),
    CHECK (num_nonnulls(anchor, boundary, period_start, period_end, ordinal, period_count, still_seconds) IN (0, 7)),
    CONSTRAINT subscriptions_period CHECK (period_end > period_start),
    CONSTRAINT subscriptions_final CHECK ((state IN ('cancelled', 'ended')) = (ended_at IS NOT NULL)),
    CHECK ((pending IS NOT DISTINCT FROM 'plan') = (pending_version_id IS NOT NULL))
) WITH (fillfactor = 70);
-- A service has one contract at a time.
CREATE UNIQUE INDEX subscriptions_service ON subscriptions (tenant_id, service_id) WHERE state NOT IN ('cancelled', 'ended');
CREATE INDEX subscriptions_customer ON subscriptions (tenant_id, customer_id, id);
-- Whoever looks after the time does so for all tenants at once.
CREATE INDEX subscriptions_due ON subscriptions (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE TRIGGER subscriptions_stamp BEFORE INSERT OR UPDATE ON subscriptions FOR EACH ROW EXECUTE FUNCTION stamp_row();

CREATE TABLE bills (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    subscription_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    -- The number of its period in the subscription.
    ordinal     integer NOT NULL CHECK (ordinal > 0),
    period_start timestamptz NOT NULL,
    period_end  timestamptz NOT NULL CHECK (period_end >= period_start),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    price       bigint NOT NULL CHECK (price BETWEEN 0 AND 999999999999999999),
    -- What of the price an earlier unused rest pays; the wallet pays the amount.
    credit      bigint NOT NULL CHECK (credit >= 0),
    amount      bigint NOT NULL CHECK (amount >= 0),
    -- What was credited for an unused rest after it was paid.
    credited    bigint NOT NULL DEFAULT 0 CHECK (credited BETWEEN 0 AND 999999999999999999),
    issued_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    deadline    timestamptz NOT NULL,
    status      text NOT NULL CHECK (status IN ('pending', 'paid', 'overdue', 'void')),
    paid_at     timestamptz,
    -- How often the wallet was asked: the command's key is bill:ID:ATTEMPT.
    attempt     integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- The attempt was stored, and nobody knows yet what became of it.
    sent        boolean NOT NULL DEFAULT false,
    next_attempt_at timestamptz,
    asks_again  boolean NOT NULL DEFAULT false,
    refused_at  timestamptz,
    reminded    integer NOT NULL DEFAULT 0 CHECK (reminded >= 0),
    -- What paid it: the ledger's transfer, or what somebody took in.
    transfer_id uuid,
    method      text CHECK (method IN ('e_wallet', 'transfer', 'cash')),
    notes       text NOT NULL DEFAULT '' CHECK (length(notes) <= 2000),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    -- One bill for each period, whoever issues it.
    CONSTRAINT bills_once UNIQUE (tenant_id, subscription_id, ordinal),
    CONSTRAINT bills_sum CHECK (price = credit + amount),
    CONSTRAINT bills_paid CHECK ((status = 'paid') = (paid_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX bills_customer ON bills (tenant_id, customer_id, id);
CREATE INDEX bills_open ON bills (tenant_id, customer_id) WHERE status IN ('pending', 'overdue');

CREATE TABLE boosts (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    subscription_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    service_id  uuid NOT NULL,
    current_plan_id uuid NOT NULL,
    boost_plan_id uuid NOT NULL,
    days        integer NOT NULL CHECK (days BETWEEN 1 AND 365),
    price       bigint NOT NULL CHECK (price BETWEEN 1 AND 999999999999999999),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'active', 'rejected', 'expired')),
    period_start timestamptz,
    period_end  timestamptz,
    notes       text NOT NULL DEFAULT '' CHECK (length(notes) <= 2000),
    reason      text CHECK (length(reason) BETWEEN 1 AND 500),
    attempt     integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    sent        boolean NOT NULL DEFAULT false,
    next_action_at timestamptz,
    transfer_id uuid,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((period_start IS NULL) = (period_end IS NULL)),
    CHECK ((state IN ('approved', 'active')) <= (period_start IS NOT NULL)),
    -- A rejection says why (BST-04).
    CHECK ((state = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX boosts_customer ON boosts (tenant_id, customer_id, id);
CREATE INDEX boosts_due ON boosts (next_action_at) WHERE next_action_at IS NOT NULL;
-- One at a time for each subscription.
CREATE UNIQUE INDEX boosts_open ON boosts (tenant_id, subscription_id) WHERE state IN ('pending', 'approved', 'active');
CREATE TRIGGER boosts_stamp BEFORE INSERT OR UPDATE ON boosts FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- What was told to subscriptions, and what it did.
CREATE TABLE subscription_events (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    subscription_id uuid NOT NULL,
    kind        text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    state_before text NOT NULL,
    state_after text NOT NULL,
    actor_id    uuid,
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX subscription_events_subscription ON subscription_events (tenant_id, subscription_id, id);

-- Removed with their tenant, changed by nobody.
CREATE FUNCTION refuse_billing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER plan_versions_same BEFORE UPDATE ON plan_versions FOR EACH ROW EXECUTE FUNCTION refuse_billing_change();
CREATE TRIGGER subscription_events_same BEFORE UPDATE ON subscription_events FOR EACH ROW EXECUTE FUNCTION refuse_billing_change();
-- Whose it is, and what it is for, stays. So does a bill that is settled, but for what is credited of it and where its period ended.
CREATE TRIGGER subscriptions_same BEFORE UPDATE OF tenant_id, id, customer_id, service_id, time_zone, created_at ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION refuse_billing_change();
CREATE TRIGGER bills_same BEFORE UPDATE OF tenant_id, id, subscription_id, customer_id, ordinal, currency, issued_at, due_at ON bills
    FOR EACH ROW EXECUTE FUNCTION refuse_billing_change();
CREATE TRIGGER bills_settled BEFORE UPDATE ON bills FOR EACH ROW
    WHEN (OLD.status IN ('paid', 'void') AND (NEW.status <> OLD.status OR NEW.amount <> OLD.amount OR NEW.paid_at <> OLD.paid_at))
    EXECUTE FUNCTION refuse_billing_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plan_versions', 'subscriptions', 'bills', 'boosts', 'subscription_events'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_billing USING (true)', name || '_billing', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO nexora_billing WITH CHECK (true)', name || '_write', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO nexora_gateway, nexora_billing', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['subscriptions', 'bills', 'boosts'] LOOP
        EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO nexora_billing USING (true) WITH CHECK (true)', name || '_change', name);
    END LOOP;
END
$$;
GRANT UPDATE (plan_version_id, state, anchor, boundary, period_start, period_end, ordinal, period_count, still_seconds, stopped_at,
    credit, promise_until, promises, pending, pending_version_id, ended_at, suspended_service, next_action_at)
    ON subscriptions TO nexora_gateway, nexora_billing;
GRANT UPDATE (period_end, period_start, price, credit, amount, credited, status, paid_at, attempt, sent, next_attempt_at,
    asks_again, refused_at, reminded, transfer_id, method, notes) ON bills TO nexora_gateway, nexora_billing;
GRANT UPDATE (state, period_start, period_end, notes, reason, attempt, sent, next_action_at, transfer_id)
    ON boosts TO nexora_gateway, nexora_billing;

-- What the worker goes by, and what it does to a service: its triggers draw a version, tell of the change and remember it, as for
-- everybody else.
CREATE POLICY services_subscriptions ON services FOR SELECT TO nexora_billing USING (true);
CREATE POLICY services_subscriptions_change ON services FOR UPDATE TO nexora_billing USING (true) WITH CHECK (true);
GRANT SELECT (due_day) ON customers TO nexora_billing;
GRANT SELECT (tenant_id, id, plan_id, status, row_version) ON services TO nexora_billing;
GRANT UPDATE (plan_id, status) ON services TO nexora_billing;
GRANT USAGE ON SEQUENCE directory_version TO nexora_billing;
