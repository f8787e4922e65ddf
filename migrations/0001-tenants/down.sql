DROP FUNCTION operator_tenant();
DROP FUNCTION tenant_subtree(uuid);
DROP TABLE tenants;
DROP FUNCTION stamp_row();
DROP SEQUENCE directory_version;
DROP FUNCTION visible_tenants();
DROP FUNCTION uuid_v7();
-- Roles belong to the whole server, where other databases may use them: they stay, without any right here.
REVOKE USAGE ON SCHEMA public FROM nexora_gateway, nexora_pipeline;
