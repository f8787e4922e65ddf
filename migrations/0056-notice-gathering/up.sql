-- Alarms of staff are gathered, so that a storm of them stays a few messages (NTF-07). docs/NOTIFIER.md says what is guaranteed.

-- When a notice of staff was told, alone or as a digest: what the rest of a key and the budget of an hour count from.
ALTER TABLE notices ADD COLUMN released_at timestamptz;

-- A step for each recipient, channel and key, however many alarms each holds.
DROP INDEX notices_gather;
CREATE INDEX notices_gather ON notices (tenant_id, recipient_id, channel, digest_key, created_at, id)
    WHERE state = 'held' AND digest_key IS NOT NULL;
DROP INDEX notices_told;
CREATE INDEX notices_told ON notices (tenant_id, recipient_id, channel, released_at) WHERE released_at IS NOT NULL;
-- What somebody was last told of a device.
CREATE INDEX notices_device ON notices (tenant_id, recipient_id, (about ->> 'device')) WHERE kind IN ('device_offline', 'device_online');

-- What hangs on what explains a storm.
GRANT SELECT (parent_id) ON devices TO nexora_notifier;
