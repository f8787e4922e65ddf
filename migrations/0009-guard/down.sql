DROP TABLE nas_tightenings;
DROP TABLE nas_posture;
REVOKE UPDATE (require_message_authenticator) ON nas_devices FROM nexora_pipeline;
DROP POLICY nas_devices_ratchet ON nas_devices;
ALTER TABLE nas_devices DROP CONSTRAINT nas_devices_ratchet, DROP COLUMN ratchets_message_authenticator;
-- Rewritten in place: an UPDATE would see no row under forced row-level security.
ALTER TABLE nas_devices ALTER COLUMN auth_rate TYPE integer USING coalesce(auth_rate, 50),
    ALTER COLUMN auth_burst TYPE integer USING coalesce(auth_burst, 1000);
ALTER TABLE nas_devices ALTER COLUMN auth_rate SET DEFAULT 50, ALTER COLUMN auth_rate SET NOT NULL,
    ALTER COLUMN auth_burst SET DEFAULT 1000, ALTER COLUMN auth_burst SET NOT NULL;
