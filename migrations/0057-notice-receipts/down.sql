REVOKE DELETE ON notice_suppressions FROM nexora_notifier;
DROP INDEX notices_unknown;
DROP INDEX notices_provider;
CREATE INDEX notices_provider ON notices (tenant_id, provider_id, provider_message) WHERE provider_message IS NOT NULL;
DROP INDEX notice_providers_id;
DROP FUNCTION tenant_of_notice_provider(uuid);
DROP POLICY notice_providers_owner ON notice_providers;
DROP TABLE notice_callbacks;
