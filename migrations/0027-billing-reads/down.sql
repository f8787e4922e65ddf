DROP FUNCTION tenant_line(uuid);
DROP POLICY customers_billing ON customers;
REVOKE SELECT (tenant_id, id) ON customers FROM nexora_billing;
DROP POLICY tenants_billing ON tenants;
REVOKE SELECT (id, parent_id, kind, is_active) ON tenants FROM nexora_billing;
