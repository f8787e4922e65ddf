DROP INDEX payments_external;
DROP INDEX payments_event;
ALTER TABLE payments ADD CONSTRAINT payments_event UNIQUE (tenant_id, gateway, gateway_event_id),
    ADD CONSTRAINT payments_external UNIQUE (tenant_id, gateway, external_id);
ALTER FUNCTION tenant_subtree(uuid) RESET plan_cache_mode;
