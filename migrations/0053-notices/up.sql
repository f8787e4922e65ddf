-- What people are told, by which way and in which words (NTF-01 to NTF-11). docs/NOTICES.md says what is guaranteed. A notice is
-- written before it is sent, claimed before its provider hears of it, and its end is written once.

-- A role of its own: the notifier alone opens what providers are spoken to with, and it writes neither money nor access.
DO $$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexora_notifier') THEN
            CREATE ROLE nexora_notifier NOLOGIN NOBYPASSRLS;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        EXECUTE format('GRANT nexora_notifier TO %I', current_user);
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
END
$$;
GRANT USAGE ON SCHEMA public TO nexora_notifier;

-- Who carries words, for a tenant and for those below it that have none of their own for the channel.
CREATE TABLE notice_providers (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'push', 'slack')),
    kind        text NOT NULL CHECK (kind ~ '^[a-z_]{1,30}$'),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- What is no secret: hosts, ports, senders, DKIM's domain and selector.
    settings    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 8192),
    -- A JSON object of texts, sealed: passwords, keys, tokens.
    sealed_secrets bytea CHECK (octet_length(sealed_secrets) <= 16384),
    -- The smallest is asked first; the next one while it is away.
    position    integer NOT NULL DEFAULT 100 CHECK (position BETWEEN 0 AND 10000),
    is_enabled  boolean NOT NULL DEFAULT true,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX notice_providers_name ON notice_providers (tenant_id, lower(name));
CREATE INDEX notice_providers_channel ON notice_providers (tenant_id, channel, position, id) WHERE is_enabled;

-- What a tenant wants told otherwise than it is by default. Nothing is told of a kind whose rule is off.
CREATE TABLE notice_rules (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9_]{1,50}$'),
    is_enabled  boolean NOT NULL DEFAULT true,
    -- In the order in which they are tried where one will do; null for the default.
    channels    text[] CHECK (channels <@ ARRAY['email', 'sms', 'push', 'slack', 'in_app'] AND cardinality(channels) BETWEEN 1 AND 5),
    -- Roles of staff who are told; null for the default.
    roles       text[] CHECK (cardinality(roles) <= 20 AND array_position(roles, NULL) IS NULL),
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, kind)
);

-- Words, by version: what somebody was sent can be shown again.
CREATE TABLE notice_templates (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9_]{1,50}$'),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'push', 'slack', 'in_app')),
    -- BCP 47, such as fr or pt-BR.
    language    text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    version     integer NOT NULL CHECK (version >= 1),
    subject     text CHECK (length(subject) BETWEEN 1 AND 500),
    text        text NOT NULL CHECK (length(text) BETWEEN 1 AND 20000),
    html        text CHECK (length(html) BETWEEN 1 AND 100000),
    -- The one that is used; none where the tenant went back to what its parents, or the product, say.
    is_current  boolean NOT NULL DEFAULT true,
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, kind, channel, language, version),
    CHECK (html IS NULL OR channel = 'email'),
    CHECK (subject IS NOT NULL OR channel NOT IN ('email', 'push', 'in_app'))
);
CREATE UNIQUE INDEX notice_templates_current ON notice_templates (tenant_id, kind, channel, language) WHERE is_current;

-- How somebody wants to be told. Who has no row is told in the tenant's language, at any hour.
CREATE TABLE notice_preferences (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('customer', 'user')),
    recipient_id uuid NOT NULL,
    language    text CHECK (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    time_zone   text CHECK (time_zone ~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$' AND length(time_zone) <= 64),
    -- Minutes of the day in that zone, half open; across midnight where the end is the smaller.
    quiet_from  integer CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_until integer CHECK (quiet_until BETWEEN 0 AND 1439),
    -- In the order of preference; null for what the rule says.
    channels    text[] CHECK (channels <@ ARRAY['email', 'sms', 'push', 'in_app'] AND cardinality(channels) BETWEEN 1 AND 4),
    -- Categories that are not wanted: those that may be refused.
    refused     text[] NOT NULL DEFAULT '{}' CHECK (refused <@ ARRAY['money', 'usage', 'service', 'alarm', 'news']),
    row_version bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, recipient_kind, recipient_id),
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
    CHECK (quiet_from <> quiet_until)
);

-- Devices that somebody lets us push to.
CREATE TABLE push_tokens (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('customer', 'user')),
    recipient_id uuid NOT NULL,
    -- SHA-256 of the token, so that it stands here once; the token itself is sealed.
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    sealed_token bytea NOT NULL CHECK (octet_length(sealed_token) <= 8192),
    platform    text NOT NULL CHECK (platform IN ('android', 'ios', 'web')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX push_tokens_token ON push_tokens (tenant_id, digest);
CREATE INDEX push_tokens_recipient ON push_tokens (tenant_id, recipient_kind, recipient_id);

-- Addresses that are not written to: they bounced, complained, or their owners said so. Only the address's digest stands here.
CREATE TABLE notice_suppressions (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms')),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    reason      text NOT NULL CHECK (reason IN ('bounced', 'complained', 'unsubscribed', 'stopped', 'manual')),
    -- What is not written there: news alone where somebody unsubscribed from them, everything otherwise.
    category    text CHECK (category IN ('money', 'usage', 'service', 'alarm', 'news')),
    notice_id   uuid,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One wish for each category, and one for everything.
CREATE UNIQUE INDEX notice_suppressions_once ON notice_suppressions (tenant_id, channel, digest, coalesce(category, ''));

CREATE TABLE notices (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    -- What it is told for: an event's id, a campaign's, a request's. Once for each kind, recipient and channel.
    cause       text NOT NULL CHECK (length(cause) BETWEEN 1 AND 200),
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9_]{1,50}$'),
    channel     text NOT NULL CHECK (channel IN ('email', 'sms', 'push', 'slack', 'in_app')),
    -- No references: what was told stays when they go. A team is told by Slack.
    recipient_kind text NOT NULL CHECK (recipient_kind IN ('customer', 'user', 'team')),
    recipient_id uuid NOT NULL,
    -- Where it goes: an e-mail address, a number, a push token's id; null in_app, and once it was erased.
    address     text CHECK (length(address) BETWEEN 1 AND 320),
    language    text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    -- 0: somebody waits for it (codes, links); 1: what concerns one person; 2: alarms and digests; 3: campaigns.
    priority    smallint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 3),
    -- The values of its template's variables, as Notices.NoticeFacts writes them; no secrets. Empty once it was erased.
    facts       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(facts) = 'object' AND octet_length(facts::text) <= 16384),
    -- Values that nobody but the recipient may read; gone once it was sent.
    sealed_facts bytea CHECK (octet_length(sealed_facts) <= 8192),
    -- What is looked at again just before it is sent, such as {"service": "<id>", "version": "7"}.
    about       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(about) = 'object' AND octet_length(about::text) <= 2048),
    -- Those of one key and recipient are gathered into a digest.
    digest_key  text CHECK (length(digest_key) BETWEEN 1 AND 100),
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'held', 'sending', 'sent', 'delivered', 'bounced',
        'complained', 'failed', 'dropped', 'expired', 'unknown', 'digested', 'cancelled')),
    -- Why it waits, or how it ended; a word.
    reason      text CHECK (reason ~ '^[a-z0-9_]{1,50}$'),
    -- The provider's own words, without the address.
    detail      text CHECK (length(detail) BETWEEN 1 AND 300),
    -- Failures of its own; that a provider was away is none.
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at     timestamptz,
    claimed_by  uuid,
    claimed_until timestamptz,
    provider_id uuid,
    provider_message text CHECK (length(provider_message) BETWEEN 1 AND 200),
    -- Of an SMS.
    segments    integer CHECK (segments BETWEEN 1 AND 100),
    -- The template: whose, and which version; 0 for the product's own.
    template_tenant uuid,
    template_version integer CHECK (template_version >= 0),
    campaign_id uuid,
    digest_id   uuid,
    resend_of   uuid,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- It is of no use after that.
    expires_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    ended_at    timestamptz,
    -- In the application: when it was read.
    read_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (expires_at > created_at),
    CHECK ((state IN ('queued', 'held')) = (next_at IS NOT NULL)),
    CHECK ((state = 'sending') = (claimed_until IS NOT NULL)),
    CHECK ((state IN ('queued', 'held', 'sending')) = (ended_at IS NULL)),
    CHECK (state NOT IN ('held', 'failed', 'dropped', 'bounced', 'complained') OR reason IS NOT NULL),
    CHECK (sealed_facts IS NULL OR state IN ('queued', 'held', 'sending', 'unknown'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX notices_once ON notices (tenant_id, cause, kind, recipient_id, channel);
CREATE INDEX notices_recipient ON notices (tenant_id, recipient_id, id);
CREATE INDEX notices_state ON notices (tenant_id, state, id);
CREATE INDEX notices_campaign ON notices (tenant_id, campaign_id, state) WHERE campaign_id IS NOT NULL;
CREATE INDEX notices_provider ON notices (tenant_id, provider_id, provider_message) WHERE provider_message IS NOT NULL;
CREATE INDEX notices_gather ON notices (tenant_id, recipient_id, digest_key, id) WHERE state = 'held' AND digest_key IS NOT NULL;
CREATE INDEX notices_told ON notices (tenant_id, recipient_id, digest_key, created_at) WHERE digest_key IS NOT NULL;
-- One queue for each priority, in it one for each tenant: a tenant with a million waiting is stepped over as one with one. What is
-- gathered for a digest is not in it.
CREATE INDEX notices_due ON notices (priority, tenant_id, next_at, id) WHERE next_at IS NOT NULL AND (state = 'queued' OR digest_key IS NULL);
CREATE INDEX notices_expiring ON notices (expires_at) WHERE next_at IS NOT NULL;
CREATE INDEX notices_claimed ON notices (claimed_until) WHERE state = 'sending';
CREATE INDEX notices_ended ON notices (ended_at) WHERE ended_at IS NOT NULL;

-- Each time a provider was asked, and each receipt of its.
CREATE TABLE notice_attempts (
    tenant_id   uuid NOT NULL,
    notice_id   uuid NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    provider_id uuid,
    outcome     text NOT NULL CHECK (outcome IN ('accepted', 'refused', 'failed', 'outage', 'unknown', 'delivered', 'bounced', 'complained')),
    reason      text CHECK (reason ~ '^[a-z0-9_]{1,50}$'),
    detail      text CHECK (length(detail) BETWEEN 1 AND 300),
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, notice_id, number),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES notices (tenant_id, id) ON DELETE CASCADE
);

-- What ended stays as it was, but for what is learned of it afterwards: a receipt, that it was read, and its erasure.
CREATE FUNCTION guard_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT (
        (OLD.state IN ('sent', 'unknown') AND NEW.state IN ('delivered', 'bounced', 'complained'))
        OR (OLD.state = 'delivered' AND NEW.state = 'complained')
    ) THEN
        RAISE EXCEPTION 'the notice has ended' USING ERRCODE = '23514', CONSTRAINT = 'notices_final', TABLE = 'notices';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER notices_final BEFORE UPDATE ON notices FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION guard_notice();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['notice_providers', 'notice_rules', 'notice_templates', 'notice_preferences', 'push_tokens',
        'notice_suppressions', 'notices', 'notice_attempts']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_notifier USING (true)', name || '_notifier', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_notifier', name);
    END LOOP;
END
$$;
-- What providers are spoken to with is written by people and read by the notifier alone.
GRANT SELECT (tenant_id, id, channel, kind, name, settings, position, is_enabled, row_version, created_at, updated_at),
    INSERT, DELETE, UPDATE (name, settings, sealed_secrets, position, is_enabled) ON notice_providers TO nexora_gateway;
GRANT SELECT, INSERT, DELETE, UPDATE (is_enabled, channels, roles) ON notice_rules TO nexora_gateway;
GRANT SELECT, INSERT, UPDATE (is_current) ON notice_templates TO nexora_gateway;
GRANT SELECT, INSERT, DELETE, UPDATE (language, time_zone, quiet_from, quiet_until, channels, refused) ON notice_preferences TO nexora_gateway;
GRANT SELECT (tenant_id, id, recipient_kind, recipient_id, digest, platform, created_at, last_seen_at), INSERT, DELETE,
    UPDATE (sealed_token, recipient_kind, recipient_id, last_seen_at) ON push_tokens TO nexora_gateway;
GRANT SELECT, INSERT, DELETE ON notice_suppressions TO nexora_gateway;
GRANT SELECT (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority, facts, about, digest_key,
        state, reason, detail, attempts, next_at, claimed_until, provider_id, provider_message, segments, template_tenant,
        template_version, campaign_id, digest_id, resend_of, created_at, expires_at, sent_at, ended_at, read_at),
    INSERT, UPDATE (read_at, address, facts, sealed_facts, state, reason, next_at, ended_at) ON notices TO nexora_gateway;
GRANT SELECT ON notice_attempts TO nexora_gateway;
GRANT INSERT, UPDATE, DELETE ON notices TO nexora_notifier;
GRANT INSERT, DELETE ON notice_attempts TO nexora_notifier;
GRANT INSERT ON notice_suppressions TO nexora_notifier;
GRANT DELETE ON push_tokens TO nexora_notifier;

CREATE TRIGGER notice_providers_stamp BEFORE INSERT OR UPDATE ON notice_providers FOR EACH ROW EXECUTE FUNCTION stamp_row();
CREATE TRIGGER notice_rules_stamp BEFORE INSERT OR UPDATE ON notice_rules FOR EACH ROW EXECUTE FUNCTION stamp_row();
CREATE TRIGGER notice_preferences_stamp BEFORE INSERT OR UPDATE ON notice_preferences FOR EACH ROW EXECUTE FUNCTION stamp_row();

-- What it reads of others, to know whom to tell and whether it is still true.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenants', 'customers', 'customer_contacts', 'users', 'services', 'plans', 'plan_versions',
        'subscriptions', 'bills', 'boosts', 'payments', 'devices', 'device_status', 'exports', 'one_time_links', 'quota_usage', 'plan_quotas',
        'wallet_lows', 'ledger_accounts']
    LOOP
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_notifier USING (true)', name || '_notifier', name);
    END LOOP;
END
$$;
GRANT SELECT ON tenants, customer_contacts, plans, plan_versions, subscriptions, bills, boosts, payments, device_status, exports,
    quota_usage, plan_quotas, wallet_lows, ledger_accounts TO nexora_notifier;
GRANT SELECT (tenant_id, id, code, name, email, phone, status, tags, deleted_at, erased_at, row_version, created_at) ON customers TO nexora_notifier;
GRANT SELECT (tenant_id, id, email, name, role, customer_id, is_active, email_verified_at, deleted_at, row_version) ON users TO nexora_notifier;
GRANT SELECT (tenant_id, id, customer_id, plan_id, kind, username, status, expires_at, row_version, created_at) ON services TO nexora_notifier;
GRANT SELECT (tenant_id, id, name, kind, vendor) ON devices TO nexora_notifier;
-- A link's token is opened once, to be sent, and is gone then.
GRANT SELECT (tenant_id, id, user_id, purpose, email, sealed_token, created_at, expires_at, used_at, replaced_at),
    UPDATE (sealed_token) ON one_time_links TO nexora_notifier;
CREATE POLICY one_time_links_notifier_sent ON one_time_links FOR UPDATE TO nexora_notifier USING (true) WITH CHECK (sealed_token IS NULL);
CREATE POLICY outbox_notifier ON outbox FOR INSERT TO nexora_notifier WITH CHECK (true);
GRANT INSERT ON outbox TO nexora_notifier;
