-- Payments, cash shifts and corrections by hand: what is meant to happen with money, and what became of it. That it moved stands in
-- the ledger alone (0024-ledger). Amounts are ten-thousandths of their currency.

-- Wallets, of all accounts: what lists show.
CREATE VIEW wallets WITH (security_invoker = true) AS
    SELECT tenant_id, id, root_id, currency, owner_kind, owner_id, balance, held, floor, sequence, opened_at, closed_at
    FROM ledger_accounts WHERE kind = 'wallet';
GRANT SELECT ON wallets TO nexora_gateway, nexora_billing;
-- What a customer's own wallets are found by stands in ledger_accounts_owner; a tenant's list goes by id.

CREATE TABLE cash_shifts (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL,
    -- Whose shift it is. Kept when the account goes: money was counted.
    user_id     uuid NOT NULL,
    -- What lay in the till, what had to lie there at the end, and what was counted: {"EUR": "100.0000"}.
    opening     jsonb NOT NULL CHECK (jsonb_typeof(opening) = 'object'),
    expected    jsonb CHECK (jsonb_typeof(expected) = 'object'),
    counted     jsonb CHECK (jsonb_typeof(counted) = 'object'),
    note        text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (num_nonnulls(expected, counted, closed_at) IN (0, 3))
);
-- Nobody stands at two tills.
CREATE UNIQUE INDEX cash_shifts_open ON cash_shifts (tenant_id, user_id) WHERE closed_at IS NULL;

CREATE TABLE payments (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL,
    -- Whose wallet it is for: a customer's of that tenant, or the tenant's own where there is none. No reference: what was paid stays
    -- when a customer's row goes.
    customer_id uuid,
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 999999999999999999),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    method      text NOT NULL CHECK (method IN ('cash', 'transfer', 'card', 'mobile_money', 'e_wallet', 'manual')),
    -- The clearing account that it goes through.
    gateway     text NOT NULL CHECK (length(gateway) BETWEEN 1 AND 50),
    -- What the gateway calls it, and the last event of the gateway that changed it.
    external_id text CHECK (length(external_id) BETWEEN 1 AND 200),
    gateway_event_id text CHECK (length(gateway_event_id) BETWEEN 1 AND 200),
    -- The payment that this one gives back, or a part of it: then the money goes the other way.
    refund_of   uuid,
    status      text NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    -- The transfer that the ledger was asked for.
    transfer_id uuid,
    -- The till that the cash went into, or came out of; of the tenant of whoever stood there.
    shift_id    uuid,
    -- Digest of the request that made it: the same request finds it again.
    request_key text CHECK (length(request_key) BETWEEN 1 AND 128),
    description text NOT NULL DEFAULT '' CHECK (octet_length(description) <= 500),
    metadata    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    failure     text CHECK (length(failure) BETWEEN 1 AND 200),
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    -- When it ended, whichever way.
    completed_at timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    -- A webhook that comes again has no second effect (PAY-12).
    CONSTRAINT payments_event UNIQUE (tenant_id, gateway, gateway_event_id),
    CONSTRAINT payments_external UNIQUE (tenant_id, gateway, external_id),
    CONSTRAINT payments_request UNIQUE (tenant_id, request_key),
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL)),
    CHECK (status <> 'completed' OR transfer_id IS NOT NULL),
    CHECK (status NOT IN ('pending', 'cancelled') OR transfer_id IS NULL),
    CHECK (shift_id IS NULL OR method = 'cash')
);
CREATE INDEX payments_customer ON payments (tenant_id, customer_id, id);
CREATE INDEX payments_shift ON payments (tenant_id, shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX payments_refunds ON payments (tenant_id, refund_of) WHERE refund_of IS NOT NULL;
-- What is on its way is little, however many there were.
CREATE INDEX payments_moving ON payments (tenant_id, id) WHERE status = 'processing' AND transfer_id IS NOT NULL;
CREATE TRIGGER payments_stamp BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION stamp_row();

CREATE TABLE adjustment_requests (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL,
    owner_kind  text NOT NULL CHECK (owner_kind IN ('customer', 'tenant')),
    owner_id    uuid NOT NULL,
    amount      bigint NOT NULL CHECK (amount <> 0 AND amount BETWEEN -999999999999999999 AND 999999999999999999),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    reason      text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 500),
    status      text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'approved', 'rejected', 'withdrawn')),
    requested_by uuid NOT NULL,
    decided_by  uuid,
    decided_at  timestamptz,
    transfer_id uuid,
    -- When it was known that the ledger moved the money; or why it did not.
    posted_at   timestamptz,
    failure     text CHECK (length(failure) BETWEEN 1 AND 200),
    request_key text CHECK (length(request_key) BETWEEN 1 AND 128),
    created_at  timestamptz NOT NULL,
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT adjustment_requests_request UNIQUE (tenant_id, request_key),
    CHECK ((status = 'requested') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((status = 'approved') = (transfer_id IS NOT NULL)),
    CHECK (status = 'approved' OR num_nonnulls(posted_at, failure) = 0),
    CHECK (num_nonnulls(posted_at, failure) <= 1),
    -- Four eyes, whoever writes.
    CONSTRAINT adjustment_requests_four_eyes CHECK (status NOT IN ('approved', 'rejected') OR decided_by <> requested_by)
);
CREATE INDEX adjustment_requests_owner ON adjustment_requests (tenant_id, owner_id, id);
CREATE INDEX adjustment_requests_moving ON adjustment_requests (tenant_id, id)
    WHERE status = 'approved' AND posted_at IS NULL AND failure IS NULL;
CREATE TRIGGER adjustment_requests_stamp BEFORE INSERT OR UPDATE ON adjustment_requests
    FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- What has ended stays as it is, whoever asks (PAY-10); a payment that was given to the ledger keeps its transfer, and is not
-- cancelled.
CREATE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('completed', 'failed', 'cancelled') THEN
        RAISE EXCEPTION 'the payment has ended' USING ERRCODE = '23514', CONSTRAINT = 'payments_final', TABLE = 'payments';
    END IF;
    IF OLD.transfer_id IS NOT NULL
        AND (NEW.transfer_id IS DISTINCT FROM OLD.transfer_id OR NEW.status NOT IN ('processing', 'completed', 'failed'))
    THEN
        RAISE EXCEPTION 'the ledger was asked' USING ERRCODE = '23514', CONSTRAINT = 'payments_moving', TABLE = 'payments';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER payments_guard BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION guard_payment();
CREATE FUNCTION guard_shift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'the shift is closed' USING ERRCODE = '23514', CONSTRAINT = 'cash_shifts_final', TABLE = 'cash_shifts';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER cash_shifts_guard BEFORE UPDATE ON cash_shifts FOR EACH ROW EXECUTE FUNCTION guard_shift();
CREATE FUNCTION guard_adjustment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('rejected', 'withdrawn') OR OLD.posted_at IS NOT NULL OR OLD.failure IS NOT NULL
        OR (OLD.status = 'approved' AND (NEW.status, NEW.decided_by, NEW.decided_at, NEW.transfer_id)
            IS DISTINCT FROM (OLD.status, OLD.decided_by, OLD.decided_at, OLD.transfer_id))
    THEN
        RAISE EXCEPTION 'the adjustment was decided' USING ERRCODE = '23514', CONSTRAINT = 'adjustment_requests_final', TABLE = 'adjustment_requests';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER adjustment_requests_guard BEFORE UPDATE ON adjustment_requests
    FOR EACH ROW EXECUTE FUNCTION guard_adjustment();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cash_shifts', 'payments', 'adjustment_requests'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_billing USING (true)', name || '_billing', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_billing', name);
    END LOOP;
END
$$;
-- What somebody meant to pay, and for whom, stays as it is.
GRANT UPDATE (status, transfer_id, external_id, gateway_event_id, failure, completed_at) ON payments TO nexora_gateway;
GRANT UPDATE (expected, counted, note, closed_at) ON cash_shifts TO nexora_gateway;
GRANT UPDATE (status, decided_by, decided_at, transfer_id, posted_at, failure) ON adjustment_requests TO nexora_gateway;
