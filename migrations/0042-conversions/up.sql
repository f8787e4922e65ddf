-- Conversions between two wallets of one customer (WAL-15): a sale in one lane, a purchase in another, and how far they came. Whoever
-- finds one that has not ended asks the ledger for what is next, under the same keys.
CREATE TABLE conversions (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL,
    customer_id uuid NOT NULL,
    sold        bigint NOT NULL CHECK (sold BETWEEN 1 AND 999999999999999999),
    sold_currency text NOT NULL CHECK (sold_currency ~ '^[A-Z]{3}$'),
    bought      bigint NOT NULL CHECK (bought BETWEEN 1 AND 999999999999999999),
    bought_currency text NOT NULL CHECK (bought_currency ~ '^[A-Z]{3}$'),
    -- Units of what is bought for one of what is sold, in 0.0000000001.
    rate        bigint NOT NULL CHECK (rate > 0),
    sale_id     uuid NOT NULL,
    purchase_id uuid NOT NULL,
    status      text NOT NULL DEFAULT 'selling'
        CHECK (status IN ('selling', 'buying', 'completed', 'refused', 'undoing', 'undone')),
    -- Why nothing was converted.
    failure     text CHECK (length(failure) BETWEEN 1 AND 200),
    request_key text NOT NULL CHECK (length(request_key) BETWEEN 1 AND 128),
    description text NOT NULL DEFAULT '' CHECK (octet_length(description) <= 500),
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    CONSTRAINT conversions_request UNIQUE (tenant_id, request_key),
    CHECK (sold_currency <> bought_currency),
    CHECK ((status IN ('completed', 'refused', 'undone')) = (ended_at IS NOT NULL)),
    CHECK ((status IN ('refused', 'undoing', 'undone')) = (failure IS NOT NULL))
);
CREATE INDEX conversions_customer ON conversions (tenant_id, customer_id, id);
CREATE INDEX conversions_open ON conversions (tenant_id, id) WHERE status IN ('selling', 'buying', 'undoing');
CREATE TRIGGER conversions_stamp BEFORE INSERT OR UPDATE ON conversions FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- What was sold stays sold until it is bought for or given back, whoever asks.
CREATE FUNCTION guard_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('selling', 'buying'), ('selling', 'refused'), ('buying', 'completed'),
        ('buying', 'undoing'), ('undoing', 'undone'))
    THEN
        RAISE EXCEPTION 'a conversion goes on, and not back' USING ERRCODE = '23514', CONSTRAINT = 'conversions_forward', TABLE = 'conversions';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER conversions_guard BEFORE UPDATE ON conversions FOR EACH ROW EXECUTE FUNCTION guard_conversion();

ALTER TABLE conversions ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversions FORCE ROW LEVEL SECURITY;
CREATE POLICY conversions_gateway ON conversions TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY conversions_whole ON conversions FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
GRANT SELECT, INSERT, UPDATE (status, failure, ended_at) ON conversions TO nexora_gateway;
