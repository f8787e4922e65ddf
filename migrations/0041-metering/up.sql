-- Metered projects: what a tenant's projects move through the gateway and keep, by the month of UTC, under the limits of the tenant's
-- platform plan (FUP-03 to FUP-09, FUP-12, FUP-13, FUP-15, FUP-16). docs/BILLING-METERING.md says what is guaranteed.

-- The plan in force of a tenant. One without a row is at free, the operator at pro.
CREATE TABLE metered_plans (
    tenant_id    uuid PRIMARY KEY REFERENCES tenants (id),
    plan         text NOT NULL CHECK (plan IN ('free', 'pro')),
    -- The completed payment that switched it; null where somebody above set it.
    payment_id   uuid,
    completed_at timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((payment_id IS NULL) = (completed_at IS NULL))
);

CREATE TABLE metered_projects (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- What it keeps outside of this installation, as it was told last.
    storage_octets bigint NOT NULL DEFAULT 0 CHECK (storage_octets >= 0),
    -- What it moved counts for its month also when it is gone.
    deleted_at  timestamptz,
    row_version bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX metered_projects_name ON metered_projects (tenant_id, name) WHERE deleted_at IS NULL;
CREATE TRIGGER metered_projects_stamp BEFORE INSERT OR UPDATE ON metered_projects
    FOR EACH ROW EXECUTE FUNCTION stamp_row();

CREATE TABLE project_usage (
    tenant_id      uuid NOT NULL,
    project_id     uuid NOT NULL,
    year           smallint NOT NULL CHECK (year BETWEEN 1 AND 9999),
    month          smallint NOT NULL CHECK (month BETWEEN 1 AND 12),
    -- In both directions.
    traffic_octets bigint NOT NULL DEFAULT 0 CHECK (traffic_octets >= 0),
    -- What it kept when that was told or measured last within the month.
    storage_octets bigint NOT NULL DEFAULT 0 CHECK (storage_octets >= 0),
    PRIMARY KEY (tenant_id, project_id, year, month),
    FOREIGN KEY (tenant_id, project_id) REFERENCES metered_projects (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX project_usage_month ON project_usage (tenant_id, year, month);

-- What the installation itself keeps for a tenant, as it was at the day's measurement.
CREATE TABLE metered_storage_daily (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    day         date NOT NULL,
    octets      bigint NOT NULL CHECK (octets >= 0),
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

-- Which thresholds were told, in percent: each once a month.
CREATE TABLE metered_alerts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    year      smallint NOT NULL CHECK (year BETWEEN 1 AND 9999),
    month     smallint NOT NULL CHECK (month BETWEEN 1 AND 12),
    resource  text NOT NULL CHECK (resource IN ('traffic', 'storage')),
    threshold smallint NOT NULL CHECK (threshold IN (80, 95, 100)),
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, year, month, resource, threshold)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['metered_plans', 'metered_projects', 'project_usage', 'metered_storage_daily', 'metered_alerts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()))', name || '_whole', name);
        EXECUTE format('CREATE POLICY %I ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name || '_owner', name);
        EXECUTE format('GRANT SELECT ON %I TO nexora_gateway', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['metered_projects', 'project_usage', 'metered_storage_daily', 'metered_alerts'] LOOP
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('GRANT INSERT ON %I TO nexora_gateway', name);
    END LOOP;
END
$$;
GRANT UPDATE (name, storage_octets, deleted_at) ON metered_projects TO nexora_gateway;
GRANT UPDATE (traffic_octets, storage_octets) ON project_usage TO nexora_gateway;
-- Set for tenants whose parent the transaction sees, so never for its own root.
CREATE POLICY metered_plans_gateway ON metered_plans FOR SELECT TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY metered_plans_above ON metered_plans TO nexora_gateway USING (tenant_id IN (
    SELECT t.id FROM tenants t WHERE t.parent_id = ANY ((SELECT visible_tenants())::uuid[])));
GRANT INSERT, UPDATE (plan, payment_id, completed_at, updated_at) ON metered_plans TO nexora_gateway;

-- A tenant's own payment that names the plan it buys, by either of its names, and is no less than that costs (3.00 EUR, in
-- ten-thousandths), switches the plan with its completion. A customer's never does. Runs as the owner: whoever learns that the money
-- came stands below.
CREATE FUNCTION switch_metered_plan() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.metered_plans (tenant_id, plan, payment_id, completed_at)
    VALUES (NEW.tenant_id, 'pro', NEW.id, NEW.completed_at)
    ON CONFLICT (tenant_id) DO UPDATE SET plan = excluded.plan, payment_id = excluded.payment_id,
        completed_at = excluded.completed_at, updated_at = clock_timestamp();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION switch_metered_plan() FROM PUBLIC;
CREATE TRIGGER payments_switch_plan AFTER UPDATE OF status ON payments FOR EACH ROW
    WHEN (NEW.status = 'completed' AND OLD.status <> 'completed' AND NEW.customer_id IS NULL AND NEW.refund_of IS NULL
        AND NEW.currency = 'EUR' AND NEW.amount >= 30000
        AND NEW.metadata ->> 'plan_upgrade' = 'true' AND NEW.metadata ->> 'new_plan' IN ('pro', 'pay_as_you_go'))
    EXECUTE FUNCTION switch_metered_plan();
