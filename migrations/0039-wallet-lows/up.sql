-- Wallets that are low (docs/API.md, low_balance).

-- What a tenant calls low has the shape that billing-worker reads: ten-thousandths of its currency.
ALTER TABLE tenants ADD CONSTRAINT tenants_low_balance CHECK (
    NOT settings ? 'low_balance' OR jsonb_typeof(settings -> 'low_balance') = 'number'
        AND settings ->> 'low_balance' ~ '^[1-9][0-9]{0,17}$');

-- The customers' wallets of which it was told that they are low; a row goes when there is enough again. Rows name wallets without
-- referring to them, as everything does that names the ledger's rows.
CREATE TABLE wallet_lows (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    account_id  uuid NOT NULL,
    customer_id uuid NOT NULL,
    -- What was asked for when it was told.
    threshold   bigint NOT NULL CHECK (threshold > 0),
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id)
);
ALTER TABLE wallet_lows ENABLE ROW LEVEL SECURITY;
ALTER TABLE wallet_lows FORCE ROW LEVEL SECURITY;
CREATE POLICY wallet_lows_gateway ON wallet_lows TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY wallet_lows_billing ON wallet_lows TO nexora_billing USING (true) WITH CHECK (true);
GRANT SELECT ON wallet_lows TO nexora_gateway;
GRANT SELECT, INSERT, DELETE ON wallet_lows TO nexora_billing;
