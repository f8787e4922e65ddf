-- Announcements to a tenant's customers (NTF-02). docs/NOTIFIER.md says what is guaranteed: each of them is told once, though whoever
-- tells them is killed in the middle, and what has not left stays here where it is paused or cancelled.
CREATE TABLE campaigns (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Words by language, {"en": {"title": "...", "body": "..."}}; who wants another language is told in this one.
    language    text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    texts       jsonb NOT NULL CHECK (jsonb_typeof(texts) = 'object' AND octet_length(texts::text) <= 262144),
    -- Where one may read more.
    url         text CHECK (length(url) BETWEEN 1 AND 1000),
    -- In the order in which they are tried; null for what the tenant's rule says.
    channels    text[] CHECK (channels <@ ARRAY['email', 'sms', 'push', 'in_app'] AND cardinality(channels) BETWEEN 1 AND 4),
    -- Whom: customers of the tenant itself in one of these states who have a service of one of these plans and one of these tags. No plan
    -- and no tag: whichever they have.
    statuses    text[] NOT NULL CHECK (statuses <@ ARRAY['active', 'suspended', 'terminated'] AND cardinality(statuses) BETWEEN 1 AND 3),
    plan_ids    uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(plan_ids) <= 100 AND array_position(plan_ids, NULL) IS NULL),
    tags        text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50 AND array_position(tags, NULL) IS NULL),
    -- Customers a minute at most.
    per_minute  integer NOT NULL DEFAULT 600 CHECK (per_minute BETWEEN 1 AND 60000),
    -- Not before that; at once where it is null.
    starts_at   timestamptz,
    state       text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'paused', 'cancelled', 'completed')),
    -- When the next customer may be told.
    next_at     timestamptz,
    -- The last customer who was looked at; they are in the order of their ids.
    last_id     uuid,
    -- How many it was for when it was started; of those that were looked at, how many are told and how many are not.
    targeted    bigint NOT NULL DEFAULT 0 CHECK (targeted >= 0),
    recipients  bigint NOT NULL DEFAULT 0 CHECK (recipients >= 0),
    planned     bigint NOT NULL DEFAULT 0 CHECK (planned >= 0),
    skipped     bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    created_by  uuid NOT NULL,
    started_by  uuid,
    started_at  timestamptz,
    ended_at    timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CHECK (texts ? language),
    CHECK ((state = 'running') = (next_at IS NOT NULL)),
    CHECK ((state IN ('cancelled', 'completed')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('running', 'paused', 'completed') OR started_at IS NOT NULL),
    CHECK (recipients = planned + skipped)
);
CREATE INDEX campaigns_due ON campaigns (next_at) WHERE state = 'running';

-- What ended stays so, and what was started is told in the words and to those that it was started with.
CREATE FUNCTION guard_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'draft' AND NEW.state IN ('running', 'cancelled'))
        OR (OLD.state = 'running' AND NEW.state IN ('paused', 'cancelled', 'completed'))
        OR (OLD.state = 'paused' AND NEW.state IN ('running', 'cancelled'))
    ) THEN
        RAISE EXCEPTION 'a campaign that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = '23514', CONSTRAINT = 'campaigns_course', TABLE = 'campaigns';
    END IF;
    IF OLD.state <> 'draft' AND (NEW.language, NEW.texts, NEW.url, NEW.channels, NEW.statuses, NEW.plan_ids, NEW.tags)
        IS DISTINCT FROM (OLD.language, OLD.texts, OLD.url, OLD.channels, OLD.statuses, OLD.plan_ids, OLD.tags)
    THEN
        RAISE EXCEPTION 'the campaign was started' USING ERRCODE = '23514', CONSTRAINT = 'campaigns_course', TABLE = 'campaigns';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER campaigns_course BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION guard_campaign();
CREATE TRIGGER campaigns_stamp BEFORE INSERT OR UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION stamp_row();

ALTER TABLE campaigns ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaigns FORCE ROW LEVEL SECURITY;
CREATE POLICY campaigns_gateway ON campaigns TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY campaigns_whole ON campaigns FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY campaigns_notifier ON campaigns TO nexora_notifier USING (true);
GRANT SELECT, INSERT, UPDATE (name, language, texts, url, channels, statuses, plan_ids, tags, per_minute, starts_at, state, next_at,
    targeted, started_by, started_at, ended_at) ON campaigns TO nexora_gateway;
GRANT SELECT, UPDATE (state, next_at, last_id, recipients, planned, skipped, ended_at) ON campaigns TO nexora_notifier;
