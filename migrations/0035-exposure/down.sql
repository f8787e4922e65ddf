REVOKE SELECT (tenant_id, service_id, ended_at) ON sessions FROM nexora_billing;
DROP POLICY sessions_billing ON sessions;
DROP VIEW billing_exposure;
DROP INDEX subscriptions_unpaid;
DROP INDEX services_kept_out;
