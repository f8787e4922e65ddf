-- What continuous verifying has proved of each lane, and the lane's figures as last read: gauges end with the process that has them, and
-- whoever looks at the books asks no process. tenant_id is the lane's operator.

CREATE TABLE ledger_verifications (
    tenant_id   uuid NOT NULL,
    currency    text NOT NULL CHECK (octet_length(currency) = 3 AND currency !~ '[^A-Z]'),
    -- The last batch up to which the lane was found whole, whether that was its end, and when it was last looked at.
    verified_through bigint NOT NULL DEFAULT 0 CHECK (verified_through >= 0),
    is_at_end   boolean NOT NULL DEFAULT false,
    checked_at  timestamptz,
    -- Rows and batches that were read again and proved, by stretches and samples, since the lane's first check.
    batches     bigint NOT NULL DEFAULT 0 CHECK (batches >= 0),
    rows        bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
    -- A stretch from anywhere, and all of it by `nexora ledger verify` with the keyring: when that was last found whole.
    sampled_at  timestamptz,
    proven_at   timestamptz,
    -- The first thing that is wrong, in words, and when that was found. It stays until a run over everything finds the lane whole.
    discrepancy text CHECK (octet_length(discrepancy) BETWEEN 1 AND 500),
    found_at    timestamptz,
    -- The lane's accounts, the sum of their balances, which is zero, and what is held, in ten-thousandths.
    accounts    bigint CHECK (accounts >= 0),
    balance_sum numeric,
    held        numeric CHECK (held >= 0),
    -- The clearing accounts: a list of objects of gateway, balance and unsettled_since, as the API tells them.
    clearing    jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(clearing) = 'array'),
    figured_at  timestamptz,
    PRIMARY KEY (tenant_id, currency),
    CHECK ((discrepancy IS NULL) = (found_at IS NULL)),
    CHECK (num_nonnulls(accounts, balance_sum, held, figured_at) IN (0, 4))
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

ALTER TABLE ledger_verifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_verifications FORCE ROW LEVEL SECURITY;
CREATE POLICY ledger_verifications_gateway ON ledger_verifications FOR SELECT TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY ledger_verifications_whole ON ledger_verifications FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY ledger_verifications_billing ON ledger_verifications TO nexora_billing USING (true) WITH CHECK (true);
GRANT SELECT ON ledger_verifications TO nexora_gateway;
GRANT SELECT, INSERT ON ledger_verifications TO nexora_billing;
GRANT UPDATE (verified_through, is_at_end, checked_at, batches, rows, sampled_at, proven_at, discrepancy, found_at, accounts,
    balance_sum, held, clearing, figured_at) ON ledger_verifications TO nexora_billing;
-- As the ledger itself, this outlives whoever it is about.
CREATE TRIGGER ledger_verifications_no_delete BEFORE DELETE ON ledger_verifications FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_verifications_no_truncate BEFORE TRUNCATE ON ledger_verifications FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_verifications_same BEFORE UPDATE OF tenant_id, currency ON ledger_verifications
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
