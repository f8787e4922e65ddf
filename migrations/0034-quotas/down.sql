REVOKE UPDATE (restriction, restricted_position, restricted_until) ON services FROM nexora_billing;
DROP POLICY plans_quotas ON plans;
REVOKE SELECT (settings) ON tenants FROM nexora_billing;
REVOKE SELECT (tenant_id, id, currency) ON plans FROM nexora_billing;
REVOKE SELECT (customer_id, restriction, restricted_position, restricted_until, quota_anchor, created_at) ON services FROM nexora_billing;
DROP TRIGGER services_lift ON services;
DROP FUNCTION lift_restriction();
DROP TABLE quota_progress;
DROP TABLE quota_orders;
DROP TABLE usage_hourly;
DROP TABLE quota_usage;
DROP TABLE plan_quotas;
DROP FUNCTION touch_quotas();
ALTER TABLE services DROP COLUMN quota_anchor, DROP COLUMN restricted_until, DROP COLUMN restricted_position,
    DROP COLUMN restriction;
