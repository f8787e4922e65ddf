-- What the network was asked to do to live sessions, what became of it, and what NASes taught meanwhile (COA-01 to COA-09).
-- docs/COA.md says what the states mean.

CREATE TABLE enforcements (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    -- The id of the event that asked for it: told again, it is the same row.
    id          uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('disconnect', 'change')),
    -- A word such as session_limit: why it was asked for.
    cause       text NOT NULL CHECK (cause ~ '^[a-z_]{1,50}$'),
    -- No references: what was asked stays when the NAS, the session or the service goes.
    nas_id      uuid NOT NULL,
    -- One of the two at least; an order that names an admission alone learns its session when it is carried out.
    session_id  uuid,
    admission_id uuid,
    service_id  uuid,
    operation_id uuid,
    -- An order for the same session that was under way: this one ends as that one does.
    joined_id   uuid,
    correlation_id text CHECK (length(correlation_id) <= 128),
    traceparent text CHECK (length(traceparent) <= 64),
    state       text NOT NULL CHECK (state IN ('pending', 'sent', 'acknowledged', 'confirmed', 'unproven', 'failed', 'superseded')),
    -- Why it waits, or how it ended; a word.
    reason      text CHECK (reason ~ '^[a-z_]{1,50}$'),
    -- Error-Cause of the refusal that ended it (RFC 5176, 3.5).
    error_cause bigint CHECK (error_cause BETWEEN 0 AND 4294967295),
    -- Each request and what became of it: [{"kind": "disconnect", "set": "user-name+acct-session-id", "outcome": "acknowledged"}].
    trials      jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(trials) = 'array'),
    -- How often the NAS was asked; each time may be several datagrams.
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    requested_at timestamptz NOT NULL,
    stored_at   timestamptz NOT NULL,
    -- Last.
    sent_at     timestamptz,
    answered_at timestamptz,
    ended_at    timestamptz,
    -- When it is looked at again.
    next_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (session_id IS NOT NULL OR admission_id IS NOT NULL),
    CHECK ((state IN ('confirmed', 'unproven', 'failed', 'superseded')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (next_at IS NOT NULL)),
    CHECK (state NOT IN ('acknowledged', 'unproven') OR answered_at IS NOT NULL),
    CHECK (ended_at IS NULL OR reason IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX enforcements_nas ON enforcements (tenant_id, nas_id, id);
CREATE INDEX enforcements_session ON enforcements (tenant_id, session_id, id) WHERE session_id IS NOT NULL;
-- What is under way is little, however much there was. By time over all tenants: one process looks after them all.
CREATE INDEX enforcements_due ON enforcements (next_at) WHERE ended_at IS NULL;
CREATE INDEX enforcements_open_session ON enforcements (tenant_id, session_id) WHERE ended_at IS NULL;
CREATE INDEX enforcements_open_admission ON enforcements (tenant_id, admission_id) WHERE ended_at IS NULL;
CREATE INDEX enforcements_joined ON enforcements (tenant_id, joined_id) WHERE ended_at IS NULL AND joined_id IS NOT NULL;
CREATE INDEX enforcements_ended ON enforcements (ended_at) WHERE ended_at IS NOT NULL;

-- What ended stays as it is.
CREATE FUNCTION refuse_enforcement_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the enforcement has ended' USING ERRCODE = '23514', CONSTRAINT = 'enforcements_final', TABLE = 'enforcements';
END
$$;
CREATE TRIGGER enforcements_final BEFORE UPDATE ON enforcements
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_enforcement_change();

-- What the answers of a NAS taught about it: the text of a lesson (docs/COA.md), and when it was learned last.
CREATE TABLE nas_capabilities (
    tenant_id  uuid NOT NULL,
    nas_id     uuid NOT NULL,
    lesson     text NOT NULL CHECK (length(lesson) BETWEEN 1 AND 200),
    learned_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, nas_id, lesson),
    FOREIGN KEY (tenant_id, nas_id) REFERENCES nas_devices (tenant_id, id) ON DELETE CASCADE
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['enforcements', 'nas_capabilities'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_pipeline USING (true) WITH CHECK (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;
-- What was asked, by whom and when, stays as it is.
GRANT UPDATE (session_id, service_id, joined_id, state, reason, error_cause, trials, attempts, sent_at, answered_at, ended_at, next_at)
    ON enforcements TO nexora_pipeline;
GRANT UPDATE (learned_at) ON nas_capabilities TO nexora_pipeline;
