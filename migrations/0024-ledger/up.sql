-- The double-entry ledger: accounts, transfers and entries that nobody changes, written in batches by one writer a lane, each
-- batch chained to the one before. docs/LEDGER.md says what is guaranteed. Amounts are ten-thousandths of their currency.

-- A fourth role, made as migrations/0001-tenants makes the others: billing writes the ledger, and nobody else does.
DO $$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexora_billing') THEN
            CREATE ROLE nexora_billing NOLOGIN NOBYPASSRLS;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        EXECUTE format('GRANT nexora_billing TO %I', current_user);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
END
$$;
GRANT USAGE ON SCHEMA public TO nexora_billing;

-- None of these tables refers to tenants, or to one another: a reference would lock and look up a row for each of some ten
-- thousand entries a second. The writer has read what it names under the lane's lock, and the verifier finds what hangs in the
-- air. The ledger outlives its tenants: a tenant's purge does not reach it (there is no policy by which rows could be deleted).

-- A lane is everything below an operator in one currency. tenant_id is that operator.
CREATE TABLE ledger_lanes (
    tenant_id   uuid NOT NULL,
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- What rows name the lane by.
    lane        integer GENERATED ALWAYS AS IDENTITY,
    -- Who may write until when, by this server's clock. Whoever takes the lane over raises the epoch, and writers of an older one
    -- write nothing.
    holder      text CHECK (length(holder) BETWEEN 1 AND 200),
    epoch       bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    lease_until timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    -- Where the chain ends.
    last_batch  bigint NOT NULL DEFAULT 0 CHECK (last_batch >= 0),
    last_digest bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(last_digest) = 32),
    last_recorded_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    PRIMARY KEY (tenant_id, currency)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE ledger_accounts (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    -- The operator whose lane of this currency it is in.
    root_id     uuid NOT NULL,
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    owner_kind  text NOT NULL CHECK (owner_kind IN ('customer', 'tenant')),
    owner_id    uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('wallet', 'clearing', 'revenue', 'commission', 'exchange', 'adjustment')),
    -- Which gateway a clearing account is for.
    gateway     text NOT NULL DEFAULT '' CHECK (length(gateway) <= 50),
    -- The sum of its entries; what holds lock of it; what the difference may not fall below.
    balance     bigint NOT NULL DEFAULT 0 CHECK (balance BETWEEN -999999999999999999 AND 999999999999999999),
    held        bigint NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND 999999999999999999),
    floor       bigint CHECK (floor BETWEEN -999999999999999999 AND 999999999999999999),
    -- How many entries it has.
    sequence    bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    opened_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    -- One wallet for each owner and currency (WAL-01).
    CONSTRAINT ledger_accounts_owner UNIQUE (tenant_id, owner_id, owner_kind, kind, gateway, currency),
    CONSTRAINT ledger_accounts_floor CHECK (floor IS NULL OR balance - held >= floor),
    CONSTRAINT ledger_accounts_closed_empty CHECK (closed_at IS NULL OR (balance = 0 AND held = 0)),
    CHECK ((kind = 'clearing') = (gateway <> ''))
) WITH (fillfactor = 45);

-- What was decided of each command, refusals as well: a key is used once.
CREATE TABLE ledger_keys (
    tenant_id   uuid NOT NULL,
    key         text NOT NULL CHECK (key ~ '^[ -~]{1,128}$'),
    -- SHA-256 of the command: the same key with another command is a mistake.
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    transfer_id uuid NOT NULL,
    outcome     text NOT NULL CHECK (outcome ~ '^[a-z_]{1,40}$'),
    lane        integer NOT NULL,
    batch       bigint NOT NULL CHECK (batch > 0),
    -- The command's place in its batch, from 0.
    place       integer NOT NULL CHECK (place >= 0),
    PRIMARY KEY (tenant_id, key)
);
-- A lane's batches hold rows of many tenants; the verifier and proofs read them in the lane's order. So below.
CREATE UNIQUE INDEX ledger_keys_place ON ledger_keys (lane, batch, place);

CREATE TABLE ledger_transfers (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    lane        integer NOT NULL,
    batch       bigint NOT NULL CHECK (batch > 0),
    place       integer NOT NULL CHECK (place >= 0),
    -- The lane's.
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    kind        text NOT NULL CHECK (kind IN ('post', 'hold', 'capture', 'release', 'expire', 'reverse')),
    -- When it counts, and when it was written.
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    purpose     text NOT NULL CHECK (purpose ~ '^[a-z][a-z0-9_]{0,39}$'),
    reference   text CHECK (octet_length(reference) BETWEEN 1 AND 200),
    description text NOT NULL CHECK (octet_length(description) <= 500),
    metadata    jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    -- The hold or transfer that it is about.
    target_id   uuid,
    -- A conversion's rate, in units of 0.0000000001 bought for one sold, its two amounts, and the half that sold (WAL-15).
    rate        bigint CHECK (rate > 0),
    sold_currency text,
    sold        bigint,
    bought_currency text,
    bought      bigint,
    sale_id     uuid,
    PRIMARY KEY (tenant_id, id),
    CHECK ((kind IN ('post', 'hold')) = (target_id IS NULL)),
    CHECK (num_nonnulls(rate, sold_currency, sold, bought_currency, bought) IN (0, 5)),
    CHECK (sale_id IS NULL OR rate IS NOT NULL)
);
CREATE INDEX ledger_transfers_target ON ledger_transfers (tenant_id, target_id) WHERE target_id IS NOT NULL;
CREATE UNIQUE INDEX ledger_transfers_reversed_once ON ledger_transfers (tenant_id, target_id) WHERE kind = 'reverse';
CREATE INDEX ledger_transfers_place ON ledger_transfers (lane, batch, place);

-- tenant_id is the account's, which need not be the transfer's: a commission goes up the tree.
CREATE TABLE ledger_entries (
    tenant_id   uuid NOT NULL,
    account_id  uuid NOT NULL,
    -- Counts from 1 without gaps, per account.
    sequence    bigint NOT NULL CHECK (sequence > 0),
    lane        integer NOT NULL,
    batch       bigint NOT NULL CHECK (batch > 0),
    place       integer NOT NULL CHECK (place >= 0),
    -- The leg's place in its transfer, from 0.
    leg         smallint NOT NULL CHECK (leg >= 0),
    recorded_at timestamptz NOT NULL,
    transfer_tenant_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    amount      bigint NOT NULL CHECK (amount <> 0 AND amount BETWEEN -999999999999999999 AND 999999999999999999),
    balance_after bigint NOT NULL CHECK (balance_after BETWEEN -999999999999999999 AND 999999999999999999),
    PRIMARY KEY (tenant_id, account_id, sequence)
);
CREATE UNIQUE INDEX ledger_entries_place ON ledger_entries (lane, batch, place, leg);

-- A hold has the id of the transfer that placed it.
CREATE TABLE ledger_holds (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    account_id  uuid NOT NULL,
    lane        integer NOT NULL,
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount      bigint NOT NULL CHECK (amount BETWEEN 1 AND 999999999999999999),
    expires_at  timestamptz,
    captured    bigint NOT NULL DEFAULT 0 CHECK (captured >= 0),
    released    bigint NOT NULL DEFAULT 0 CHECK (released >= 0),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ledger_holds_amount CHECK (captured + released <= amount)
) WITH (fillfactor = 80);
CREATE INDEX ledger_holds_account ON ledger_holds (tenant_id, account_id);
CREATE INDEX ledger_holds_due ON ledger_holds (lane, expires_at) WHERE captured + released < amount AND expires_at IS NOT NULL;

-- tenant_id is the lane's.
CREATE TABLE ledger_batches (
    tenant_id   uuid NOT NULL,
    lane        integer NOT NULL,
    -- Counts from 1 without gaps, per lane.
    number      bigint NOT NULL CHECK (number > 0),
    epoch       bigint NOT NULL CHECK (epoch > 0),
    recorded_at timestamptz NOT NULL,
    -- How many rows the tree of hashes has, its root, the digest of the batch before, and this one's.
    leaves      integer NOT NULL CHECK (leaves > 0),
    root        bytea NOT NULL CHECK (length(root) = 32),
    previous    bytea NOT NULL CHECK (length(previous) = 32),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (tenant_id, lane, number)
);

-- Signed places of the lanes; the key is not in this database.
CREATE TABLE ledger_checkpoints (
    tenant_id   uuid NOT NULL,
    lane        integer NOT NULL,
    number      bigint NOT NULL CHECK (number > 0),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    signed_at   timestamptz NOT NULL,
    key_id      bigint NOT NULL,
    signature   bytea NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (tenant_id, lane, number, signed_at)
);

-- Whatever right or ownership somebody has: what stands in the ledger stays as it is. For each row and not for each statement,
-- because a tenant's purge sends a DELETE to every table and finds no row here.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
-- A lane goes forward only.
CREATE FUNCTION refuse_lane_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch OR NEW.last_batch < OLD.last_batch OR NEW.last_batch > OLD.last_batch + 1
        OR (NEW.last_batch = OLD.last_batch AND NEW.last_digest <> OLD.last_digest)
        OR (NEW.tenant_id, NEW.currency, NEW.lane) IS DISTINCT FROM (OLD.tenant_id, OLD.currency, OLD.lane)
    THEN
        RAISE EXCEPTION 'a lane goes forward only' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END
$$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_lanes', 'ledger_accounts', 'ledger_keys', 'ledger_transfers', 'ledger_entries',
        'ledger_holds', 'ledger_batches', 'ledger_checkpoints']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_billing USING (true)', name || '_billing', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO nexora_billing WITH CHECK (true)', name || '_write', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO nexora_billing', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()', name || '_no_truncate', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ledger_keys', 'ledger_transfers', 'ledger_entries', 'ledger_batches', 'ledger_checkpoints'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()', name || '_append_only', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ledger_lanes', 'ledger_accounts', 'ledger_holds'] LOOP
        EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE TO nexora_billing USING (true) WITH CHECK (true)', name || '_change', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()', name || '_no_delete', name);
    END LOOP;
END
$$;
-- What an account and a hold are never changes, only what is in them.
CREATE TRIGGER ledger_accounts_same BEFORE UPDATE OF tenant_id, id, root_id, currency, owner_kind, owner_id, kind, gateway,
    opened_at ON ledger_accounts FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_holds_same BEFORE UPDATE OF tenant_id, id, account_id, lane, currency, amount, expires_at
    ON ledger_holds FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_lanes_forward BEFORE UPDATE ON ledger_lanes FOR EACH ROW EXECUTE FUNCTION refuse_lane_backwards();
GRANT UPDATE (holder, epoch, lease_until, last_batch, last_digest, last_recorded_at) ON ledger_lanes TO nexora_billing;
GRANT UPDATE (balance, held, floor, sequence, closed_at) ON ledger_accounts TO nexora_billing;
GRANT UPDATE (captured, released) ON ledger_holds TO nexora_billing;

-- Each batch tells of itself, in its own commit.
CREATE POLICY outbox_billing ON outbox FOR INSERT TO nexora_billing WITH CHECK (true);
GRANT INSERT ON outbox TO nexora_billing;
-- Whose lanes there are.
GRANT EXECUTE ON FUNCTION operator_tenant() TO nexora_billing;
