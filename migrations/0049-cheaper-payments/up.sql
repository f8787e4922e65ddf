-- What each transaction of the gateway, and each payment, costs.

-- The tree is read by two statements whose plan never changes: one plan for all calls, instead of one for each.
ALTER FUNCTION tenant_subtree(uuid) SET plan_cache_mode = force_generic_plan;

-- Most payments come from no gateway and have neither name nor event there: they need no place among those that do.
ALTER TABLE payments DROP CONSTRAINT payments_event, DROP CONSTRAINT payments_external;
CREATE UNIQUE INDEX payments_event ON payments (tenant_id, gateway, gateway_event_id) WHERE gateway_event_id IS NOT NULL;
CREATE UNIQUE INDEX payments_external ON payments (tenant_id, gateway, external_id) WHERE external_id IS NOT NULL;
