REVOKE SELECT (parent_id) ON devices FROM nexora_notifier;
DROP INDEX notices_device;
DROP INDEX notices_told;
CREATE INDEX notices_told ON notices (tenant_id, recipient_id, digest_key, created_at) WHERE digest_key IS NOT NULL;
DROP INDEX notices_gather;
CREATE INDEX notices_gather ON notices (tenant_id, recipient_id, digest_key, id) WHERE state = 'held' AND digest_key IS NOT NULL;
ALTER TABLE notices DROP COLUMN released_at;
