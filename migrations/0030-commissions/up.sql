-- Commissions: which share of what customers pay a tenant has, since when, and what tenants ask to have paid out of their wallets. The
-- shares themselves stand in the ledger (0024).

-- Rates ------------------------------------------------------------------------------------------------------------------

-- The rate between a tenant and who stands above him, as it was set time after time: the newest row that is valid at a moment is
-- the one that counts then. Rows are never changed: what was paid under a rate stays explainable.
CREATE TABLE commission_rates (
    -- Who has the share; the operator has no row, his rate is all.
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    -- Counts from 1 for each tenant.
    number     bigint NOT NULL CHECK (number > 0),
    -- Millionths of what is paid that the tenant has together with those below him on the way to the customer; null: he has no rate
    -- from then on, and his share is that of who stands above him.
    rate       integer CHECK (rate BETWEEN 0 AND 1000000),
    valid_from timestamptz NOT NULL,
    set_at     timestamptz NOT NULL,
    set_by     uuid NOT NULL,
    PRIMARY KEY (tenant_id, number),
    -- The past stays as it is.
    CONSTRAINT commission_rates_ahead CHECK (valid_from >= set_at)
);
CREATE INDEX commission_rates_valid ON commission_rates (tenant_id, valid_from DESC, number DESC);
CREATE TRIGGER commission_rates_append_only BEFORE UPDATE ON commission_rates
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER commission_rates_no_truncate BEFORE TRUNCATE ON commission_rates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- Payouts ----------------------------------------------------------------------------------------------------------------

CREATE TABLE payout_requests (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    -- Ten-thousandths of the currency, as in the ledger.
    amount       bigint NOT NULL CHECK (amount BETWEEN 1 AND 999999999999999999),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    note         text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    -- approved: whoever stands above agreed, and whether the ledger has moved the money is not known yet.
    status       text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'approved', 'paid', 'rejected', 'cancelled')),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by   uuid,
    decided_at   timestamptz,
    reason       text CHECK (length(reason) BETWEEN 1 AND 500),
    -- Through which the money leaves.
    gateway      text CHECK (gateway ~ '^[a-z][a-z0-9_-]{0,49}$'),
    -- How often the ledger refused it: each further command has a key of its own.
    attempt      integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- The transfer that the money leaves by.
    transfer_id  uuid,
    paid_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((status = 'requested') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
    CHECK ((status IN ('approved', 'paid')) = (transfer_id IS NOT NULL) AND (transfer_id IS NULL) = (gateway IS NULL)),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CHECK (status <> 'rejected' OR reason IS NOT NULL),
    -- Nobody decides about what he asked for himself, but to take it back.
    CONSTRAINT payout_requests_four_eyes CHECK (status IN ('requested', 'cancelled') OR decided_by <> requested_by)
);
CREATE INDEX payout_requests_open ON payout_requests (tenant_id, currency) WHERE status IN ('requested', 'approved');

CREATE FUNCTION check_payout_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- In parentheses: the first THEN outside of them would end the condition.
    IF NEW.attempt < OLD.attempt OR NOT (CASE OLD.status
        WHEN 'requested' THEN NEW.status IN ('requested', 'approved', 'rejected', 'cancelled')
        WHEN 'approved' THEN NEW.status IN ('approved', 'paid', 'requested')
        ELSE false END)
    THEN
        RAISE EXCEPTION 'a payout that is % cannot become %', OLD.status, NEW.status
            USING ERRCODE = '23514', CONSTRAINT = 'payout_requests_order', TABLE = 'payout_requests';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER payout_requests_order BEFORE UPDATE ON payout_requests FOR EACH ROW EXECUTE FUNCTION check_payout_order();

-- Who may what -----------------------------------------------------------------------------------------------------------

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['commission_rates', 'payout_requests'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        -- As 0025 has it for every table that was there then.
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name || '_owner', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO nexora_gateway', name);
    END LOOP;
END
$$;
-- Set for tenants whose parent the transaction sees, so never for its own root.
CREATE POLICY commission_rates_above ON commission_rates FOR INSERT TO nexora_gateway WITH CHECK (tenant_id IN (
    SELECT t.id FROM tenants t WHERE t.parent_id = ANY ((SELECT visible_tenants())::uuid[])));
CREATE POLICY payout_requests_ask ON payout_requests FOR INSERT TO nexora_gateway
    WITH CHECK (tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND status = 'requested');
-- Whoever asked may take it back; whoever stands above decides.
CREATE POLICY payout_requests_own ON payout_requests FOR UPDATE TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))
    WITH CHECK (tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND status = 'cancelled');
CREATE POLICY payout_requests_above ON payout_requests FOR UPDATE TO nexora_gateway USING (tenant_id IN (
    SELECT t.id FROM tenants t WHERE t.parent_id = ANY ((SELECT visible_tenants())::uuid[])));
-- What was asked for, and by whom, stays as it is.
GRANT UPDATE (status, decided_by, decided_at, reason, gateway, attempt, transfer_id, paid_at) ON payout_requests
    TO nexora_gateway;

-- Which rates hold -------------------------------------------------------------------------------------------------------

-- The rate that was set for a tenant and holds at a moment; null where none does.
CREATE FUNCTION commission_rate(tenant uuid, moment timestamptz) RETURNS integer LANGUAGE sql STABLE
    SET search_path = pg_catalog, public AS $$
    SELECT r.rate FROM public.commission_rates r WHERE r.tenant_id = tenant AND r.valid_from <= moment
    ORDER BY r.valid_from DESC, r.number DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION commission_rate(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commission_rate(uuid, timestamptz) TO nexora_gateway;

-- The way from each of these tenants up to the operator, from height 0, with the rates that hold at that moment. Runs as the owner, so
-- that whoever shares payments out needs to read nothing else of tenants.
CREATE FUNCTION commission_chains(payers uuid[], moment timestamptz)
    RETURNS TABLE (payer_id uuid, height integer, tenant_id uuid, is_operator boolean, rate integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE up AS (
        SELECT t.id AS payer, 0 AS height, t.id, t.parent_id FROM public.tenants t WHERE t.id = ANY (payers)
        UNION ALL SELECT u.payer, u.height + 1, t.id, t.parent_id FROM up u JOIN public.tenants t ON t.id = u.parent_id
    )
    SELECT u.payer, u.height, u.id, u.parent_id IS NULL, public.commission_rate(u.id, moment)
    FROM up u ORDER BY u.payer, u.height
$$;
REVOKE ALL ON FUNCTION commission_chains(uuid[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commission_chains(uuid[], timestamptz) TO nexora_billing;

-- The highest rate that "setter" may set for a tenant below him at a moment: nobody gives more than he has, nor more than
-- somebody between has. Null for a tenant that the transaction does not see. It tells the gateway a bound and none of the rates above.
CREATE FUNCTION commission_limit(setter uuid, child uuid, moment timestamptz) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE up AS (
        SELECT p.id, p.parent_id FROM public.tenants c JOIN public.tenants p ON p.id = c.parent_id
        WHERE c.id = child AND c.id = ANY ((SELECT public.visible_tenants())::uuid[])
        UNION ALL SELECT t.id, t.parent_id FROM up u JOIN public.tenants t ON t.id = u.parent_id
    )
    SELECT min(coalesce(public.commission_rate(u.id, moment),
        CASE WHEN u.id = setter AND u.parent_id IS NOT NULL THEN 0 ELSE 1000000 END))
    FROM up u
$$;
REVOKE ALL ON FUNCTION commission_limit(uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commission_limit(uuid, uuid, timestamptz) TO nexora_gateway;

-- Entries are written in the order of their time, so that some octets for each hundred pages find a month among years of them.
CREATE INDEX ledger_entries_recorded ON ledger_entries USING brin (recorded_at);
