REVOKE DELETE ON lifecycle_runs FROM nexora_pipeline;
DROP POLICY lifecycle_runs_forgetting ON lifecycle_runs;
DROP INDEX lifecycle_runs_ended;
ALTER FUNCTION remember_service_change() RESET enable_nestloop;
CREATE OR REPLACE FUNCTION check_service_router() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id AND d.kind = 'router' AND d.vendor = 'mikrotik'
    FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM devices d WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.router_id) THEN
        RAISE EXCEPTION 'the device is no router of MikroTik' USING ERRCODE = '23514', CONSTRAINT = 'services_router_vendor', TABLE = 'services';
    END IF;
    RETURN NEW;
END
$$;
REVOKE INSERT (username, repeats) ON router_operations FROM nexora_gateway;
DROP INDEX router_operations_removals;
DROP INDEX router_operations_repeats;
ALTER TABLE router_operations DROP COLUMN repeats;
