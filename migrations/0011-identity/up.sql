-- Who signs in: users with their second factors, sessions with their refresh tokens, API keys, links that work once, and the
-- keys that sign access tokens. Of every token only a digest is stored (docs/decisions/0012-identity.md).

CREATE TABLE users (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    email        text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role         text NOT NULL CHECK (role IN ('super_admin', 'intercept_officer', 'tenant_admin', 'provider', 'reseller',
        'operator', 'noc_engineer', 'support', 'technician', 'viewer', 'customer')),
    -- On top of the role's, and taken from it; what is taken wins.
    granted      text[] NOT NULL DEFAULT '{}' CHECK (cardinality(granted) <= 200),
    denied       text[] NOT NULL DEFAULT '{}' CHECK (cardinality(denied) <= 200),
    -- Whom a person of role customer is.
    customer_id  uuid,
    is_active    boolean NOT NULL DEFAULT true,
    must_change_password boolean NOT NULL DEFAULT false,
    email_verified_at timestamptz,
    -- Null until a link was followed: nobody begins with a password that somebody else chose.
    password_hash text CHECK (length(password_hash) BETWEEN 20 AND 256),
    password_changed_at timestamptz,
    failed_logins integer NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
    locked_until timestamptz,
    -- Sealed for this row (SEC-01). Counts only once a code of it was shown.
    totp_secret  bytea,
    totp_confirmed_at timestamptz,
    -- The newest step whose code was used: no code works twice.
    totp_last_step bigint,
    last_login_at timestamptz,
    deleted_at   timestamptz,
    row_version  bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE CASCADE,
    CHECK ((role = 'customer') = (customer_id IS NOT NULL)),
    CHECK (totp_secret IS NOT NULL OR (totp_confirmed_at IS NULL AND totp_last_step IS NULL)),
    -- Interception comes with its role alone (IAM-27).
    CHECK (array_to_string(granted, ' ') !~ '(^| )intercept\.')
);
CREATE UNIQUE INDEX users_email ON users (tenant_id, lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX users_customer ON users (tenant_id, customer_id) WHERE customer_id IS NOT NULL;
-- A login, right or wrong, is no change of the account: whoever edits it has not lost the version he read.
CREATE TRIGGER users_stamp BEFORE INSERT OR UPDATE OF email, name, role, granted, denied, customer_id, is_active,
    must_change_password, email_verified_at, password_hash, totp_secret, totp_confirmed_at, deleted_at
    ON users FOR EACH ROW EXECUTE FUNCTION stamp_row();

CREATE TABLE user_recovery_codes (
    tenant_id  uuid NOT NULL,
    user_id    uuid NOT NULL,
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    used_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, user_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- A login on one device: the family of its refresh tokens.
CREATE TABLE login_sessions (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    user_id     uuid NOT NULL,
    source      inet,
    user_agent  text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 400),
    created_at  timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- However often it is refreshed.
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    end_reason  text CHECK (end_reason IN
        ('logout', 'everywhere', 'token_reused', 'password_changed', 'account_changed', 'revoked')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX login_sessions_user ON login_sessions (tenant_id, user_id, created_at);
-- What a Redis that lost its memory is told again.
CREATE INDEX login_sessions_ended ON login_sessions (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    tenant_id  uuid NOT NULL,
    session_id uuid NOT NULL,
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- It was exchanged for its successor. That it comes again means that two hold it.
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, session_id, hash),
    FOREIGN KEY (tenant_id, session_id) REFERENCES login_sessions (tenant_id, id) ON DELETE CASCADE
);
-- One of a family can be exchanged at any time.
CREATE UNIQUE INDEX refresh_tokens_current ON refresh_tokens (tenant_id, session_id) WHERE used_at IS NULL;

CREATE TABLE api_keys (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuid_v7(),
    user_id    uuid NOT NULL,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix     text NOT NULL CHECK (prefix ~ '^[a-z2-7]{8}$'),
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    scopes     text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 200),
    -- Empty is anywhere.
    addresses  cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(addresses) <= 64),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, prefix),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CHECK (array_to_string(scopes, ' ') !~ '(^| )intercept\.')
);
CREATE INDEX api_keys_user ON api_keys (tenant_id, user_id);

CREATE TABLE one_time_links (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuid_v7(),
    user_id    uuid NOT NULL,
    purpose    text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'bootstrap', 'invite')),
    -- The address it was made for.
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    -- Sealed for this row, for whoever delivers it; erased when it is delivered, used or replaced.
    sealed_token bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    -- A newer one of the same purpose took its place.
    replaced_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CHECK (sealed_token IS NULL OR (used_at IS NULL AND replaced_at IS NULL))
);
CREATE UNIQUE INDEX one_time_links_open ON one_time_links (tenant_id, user_id, purpose)
    WHERE used_at IS NULL AND replaced_at IS NULL;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'user_recovery_codes', 'login_sessions', 'refresh_tokens', 'api_keys', 'one_time_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexora_gateway', name);
    END LOOP;
END
$$;
-- Whose account it is stays as it is.
REVOKE UPDATE ON users, user_recovery_codes, login_sessions, refresh_tokens, api_keys, one_time_links FROM nexora_gateway;
GRANT UPDATE (email, name, role, granted, denied, customer_id, is_active, must_change_password, email_verified_at,
    password_hash, password_changed_at, failed_logins, locked_until, totp_secret, totp_confirmed_at, totp_last_step,
    last_login_at, deleted_at) ON users TO nexora_gateway;
GRANT UPDATE (used_at) ON user_recovery_codes TO nexora_gateway;
GRANT UPDATE (last_used_at, ended_at, end_reason) ON login_sessions TO nexora_gateway;
GRANT UPDATE (used_at) ON refresh_tokens TO nexora_gateway;
GRANT UPDATE (name, scopes, addresses, expires_at, last_used_at, revoked_at) ON api_keys TO nexora_gateway;
GRANT UPDATE (sealed_token, used_at, replaced_at) ON one_time_links TO nexora_gateway;

-- The pipelines deliver: they read whom and what, and erase what they delivered. No digest, factor or session is theirs.
CREATE POLICY users_pipeline ON users FOR SELECT TO nexora_pipeline USING (true);
GRANT SELECT (tenant_id, id, email, name, role, customer_id, is_active, email_verified_at, deleted_at) ON users
    TO nexora_pipeline;
CREATE POLICY one_time_links_pipeline ON one_time_links FOR SELECT TO nexora_pipeline USING (true);
CREATE POLICY one_time_links_delivered ON one_time_links FOR UPDATE TO nexora_pipeline
    USING (true) WITH CHECK (sealed_token IS NULL);
GRANT SELECT (tenant_id, id, user_id, purpose, email, sealed_token, created_at, expires_at, used_at, replaced_at),
    UPDATE (sealed_token) ON one_time_links TO nexora_pipeline;

-- The platform's own, of no tenant: the keys that sign access tokens. The private half is sealed for its row.
CREATE TABLE signing_keys (
    kid         text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]{8,64}$'),
    private_key bytea NOT NULL,
    public_jwk  text NOT NULL CHECK (length(public_jwk) <= 4000),
    -- Published before, signs from then on.
    not_before  timestamptz NOT NULL,
    -- Signs until then; what it signed is believed for its time.
    retired_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, DELETE, UPDATE (retired_at, private_key) ON signing_keys TO nexora_gateway;

-- Whom a request's host name means, before anybody has signed in: an id and nothing else.
CREATE FUNCTION tenant_of_subdomain(label text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    SELECT id FROM public.tenants WHERE subdomain = lower(label)
$$;
REVOKE ALL ON FUNCTION tenant_of_subdomain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_of_subdomain(text) TO nexora_gateway;

-- Whether nobody of a tenant and those above it is shut out: people of an inactive tenant do not sign in (TEN-16), nor those
-- below one. Runs as the owner: who stands above is not visible from below.
CREATE FUNCTION tenant_is_open(tenant uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE above AS (
        SELECT id, parent_id, is_active FROM public.tenants WHERE id = tenant
        UNION SELECT t.id, t.parent_id, t.is_active FROM public.tenants t JOIN above ON t.id = above.parent_id
    )
    SELECT coalesce(bool_and(is_active), false) FROM above
$$;
REVOKE ALL ON FUNCTION tenant_is_open(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_is_open(uuid) TO nexora_gateway;
