-- Codes by SMS and e-mail as a second factor (IAM-09). docs/SECURITY.md says what is guaranteed: of a code only a keyed digest is stored,
-- and until it is sent its sealed text, which the notifier alone reads.

-- Where somebody's codes go. An e-mail factor's go to the address of the account.
ALTER TABLE users
    ADD COLUMN code_email_at timestamptz,
    ADD COLUMN code_phone text CHECK (code_phone ~ '^\+[1-9][0-9]{6,14}$'),
    -- Set once a code that was sent there was shown.
    ADD COLUMN code_phone_at timestamptz,
    ADD CONSTRAINT users_code_phone CHECK ((code_phone_at IS NULL) = (code_phone IS NULL));
GRANT UPDATE (code_email_at, code_phone, code_phone_at) ON users TO nexora_gateway;

CREATE TABLE login_codes (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuid_v7(),
    user_id    uuid NOT NULL,
    purpose    text NOT NULL CHECK (purpose IN ('sign_in', 'enrol')),
    channel    text NOT NULL CHECK (channel IN ('email', 'sms')),
    -- Where it goes: the address or number as it was when it was asked for.
    address    text NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
    -- The login it was asked for in: another one it does not open.
    pending_id uuid,
    -- HMAC-SHA256 with a key of the keyring: six digits alone would be found by trying.
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    -- Sealed for this row, for whoever delivers it; erased when it is delivered, used or replaced.
    sealed_code bytea CHECK (octet_length(sealed_code) <= 512),
    failures   smallint NOT NULL DEFAULT 0 CHECK (failures BETWEEN 0 AND 5),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    -- A newer one took its place, or it was guessed at too often.
    replaced_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CHECK (expires_at > created_at),
    CHECK ((purpose = 'sign_in') = (pending_id IS NOT NULL)),
    CHECK (used_at IS NULL OR replaced_at IS NULL),
    CHECK (sealed_code IS NULL OR (used_at IS NULL AND replaced_at IS NULL))
);
CREATE UNIQUE INDEX login_codes_open ON login_codes (tenant_id, user_id, purpose) WHERE used_at IS NULL AND replaced_at IS NULL;
-- How many were sent lately, to somebody and to an address.
CREATE INDEX login_codes_user ON login_codes (tenant_id, user_id, created_at);
CREATE INDEX login_codes_address ON login_codes (tenant_id, lower(address), created_at);
CREATE INDEX login_codes_expiring ON login_codes (expires_at);

ALTER TABLE login_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE login_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY login_codes_gateway ON login_codes TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY login_codes_whole ON login_codes FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
-- Who makes codes does not read them again.
GRANT SELECT (tenant_id, id, user_id, purpose, channel, address, pending_id, digest, failures, created_at, expires_at, used_at, replaced_at),
    INSERT, DELETE, UPDATE (sealed_code, failures, used_at, replaced_at) ON login_codes TO nexora_gateway;
-- Who sends them reads no digest, and takes the text away when it is sent.
CREATE POLICY login_codes_notifier ON login_codes FOR SELECT TO nexora_notifier USING (true);
CREATE POLICY login_codes_notifier_sent ON login_codes FOR UPDATE TO nexora_notifier USING (true) WITH CHECK (sealed_code IS NULL);
GRANT SELECT (tenant_id, id, user_id, channel, address, sealed_code, created_at, expires_at, used_at, replaced_at), UPDATE (sealed_code)
    ON login_codes TO nexora_notifier;
