-- What becomes of services from their activation to their end, as sagas: runs and their steps (LCY-01 to LCY-14). docs/LIFECYCLE.md says
-- what the states mean. A step's effect and its row commit together.

CREATE TABLE lifecycle_runs (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    -- No references: what was done stays when the service or the customer goes.
    service_id  uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('activate', 'suspend', 'resume', 'upgrade', 'downgrade', 'terminate')),
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'rolling_back', 'completed', 'rolled_back', 'failed')),
    -- Why it was rolled back or failed; a word.
    reason      text CHECK (reason ~ '^[a-z_]{1,50}$'),
    -- What was asked for besides; no secrets.
    parameters  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
    operation_id uuid NOT NULL,
    correlation_id text CHECK (length(correlation_id) <= 128),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    -- From its first step on: until then it completes, or it is rolled back where it still can be.
    started_at  timestamptz,
    deadline    timestamptz,
    ended_at    timestamptz,
    -- When it is looked at again.
    next_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state IN ('completed', 'rolled_back', 'failed')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (next_at IS NOT NULL)),
    CHECK ((started_at IS NULL) = (deadline IS NULL)),
    CHECK (state IN ('running', 'completed') OR reason IS NOT NULL)
) WITH (fillfactor = 70);
-- One at a time for each service.
CREATE UNIQUE INDEX lifecycle_runs_open ON lifecycle_runs (tenant_id, service_id) WHERE ended_at IS NULL;
CREATE INDEX lifecycle_runs_service ON lifecycle_runs (tenant_id, service_id, id);
CREATE INDEX lifecycle_runs_customer ON lifecycle_runs (tenant_id, customer_id, id);
-- By time over all tenants: one process looks after them all.
CREATE INDEX lifecycle_runs_due ON lifecycle_runs (next_at) WHERE ended_at IS NULL;

CREATE TABLE lifecycle_steps (
    tenant_id  uuid NOT NULL,
    run_id     uuid NOT NULL,
    position   integer NOT NULL CHECK (position BETWEEN 0 AND 50),
    name       text NOT NULL CHECK (name ~ '^[a-z_]{1,50}$'),
    state      text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'running', 'done', 'skipped', 'failed', 'compensated', 'not_compensated')),
    -- How often it could not be done, or undone, for now.
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Why it was skipped or failed, or what it left open; a word.
    reason     text CHECK (reason ~ '^[a-z_]{1,50}$'),
    -- What its compensation and its next look need; no secrets.
    detail     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    started_at timestamptz,
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, run_id, position),
    FOREIGN KEY (tenant_id, run_id) REFERENCES lifecycle_runs (tenant_id, id) ON DELETE CASCADE,
    CHECK (state NOT IN ('skipped', 'failed', 'not_compensated') OR reason IS NOT NULL),
    CHECK (state <> 'pending' OR started_at IS NULL)
) WITH (fillfactor = 70);

-- What ended stays as it is.
CREATE FUNCTION refuse_lifecycle_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the run has ended' USING ERRCODE = '23514', CONSTRAINT = 'lifecycle_runs_final', TABLE = 'lifecycle_runs';
END
$$;
CREATE TRIGGER lifecycle_runs_final BEFORE UPDATE ON lifecycle_runs
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_lifecycle_change();
-- Its steps with it: they are written before their run ends.
CREATE FUNCTION keep_lifecycle_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM lifecycle_runs r WHERE r.tenant_id = OLD.tenant_id AND r.id = OLD.run_id AND r.ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the run has ended' USING ERRCODE = '23514', CONSTRAINT = 'lifecycle_steps_final', TABLE = 'lifecycle_steps';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER lifecycle_steps_final BEFORE UPDATE ON lifecycle_steps FOR EACH ROW EXECUTE FUNCTION keep_lifecycle_steps();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lifecycle_runs', 'lifecycle_steps'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_pipeline USING (true)', name || '_pipeline', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO nexora_gateway', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_pipeline', name);
    END LOOP;
END
$$;
-- Who asked for what, of whom and when, stays. Steps are done in the scope of the run's own tenant, by the role that its people have.
GRANT UPDATE (state, reason, started_at, deadline, ended_at, next_at) ON lifecycle_runs TO nexora_gateway;
GRANT UPDATE (state, attempts, reason, detail, started_at, ended_at) ON lifecycle_steps TO nexora_gateway;
-- The end of a run and of the operation that somebody follows commit together.
GRANT UPDATE (state, outcome) ON operations TO nexora_gateway;
