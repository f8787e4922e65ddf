-- What a review of runs and of operations on routers found: operations that failed can be asked for again, a router's kind stays while a
-- service moves onto it, and runs that ended are kept for so long and no longer. docs/LIFECYCLE.md, docs/ROUTEROS.md.

-- Which failed operation this one asks for once more. No reference: the failed one is forgotten first. Once only: two who ask at the same
-- moment ask for one.
ALTER TABLE router_operations ADD COLUMN repeats uuid CHECK (repeats <> id);
CREATE UNIQUE INDEX router_operations_repeats ON router_operations (tenant_id, repeats) WHERE repeats IS NOT NULL;
-- What a router still has and should not: nothing else names it once its service is gone.
CREATE INDEX router_operations_removals ON router_operations (tenant_id, device_id, number)
    WHERE kind = 'remove_service' AND state = 'failed';
GRANT INSERT (username, repeats) ON router_operations TO nexora_gateway;

-- A key share lets go of a change of kind or vendor, which is no change of the key: the device would be no router any more by the time
-- that the service lives on it. The other way round devices_router_in_use sees the service, for it runs under the row's own lock.
CREATE OR REPLACE FUNCTION check_service_router() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id AND d.kind = 'router' AND d.vendor = 'mikrotik'
    FOR SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id) THEN
        RAISE EXCEPTION 'the device is no router of MikroTik' USING ERRCODE = '23514', CONSTRAINT = 'services_router_vendor', TABLE = 'services';
    END IF;
    RETURN NEW;
END
$$;

-- As queue_service_operations: a plan that was made for an update of one row must not be used for one of many.
ALTER FUNCTION remember_service_change() SET enable_nestloop = off;

-- Runs that ended are forgotten after a while, with their steps.
CREATE INDEX lifecycle_runs_ended ON lifecycle_runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE POLICY lifecycle_runs_forgetting ON lifecycle_runs FOR DELETE TO nexora_pipeline USING (ended_at IS NOT NULL);
GRANT DELETE ON lifecycle_runs TO nexora_pipeline;
