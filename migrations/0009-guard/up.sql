-- Guard: rates that follow the server's setting, what each NAS sends, and what is asked of it because of that.

-- Null follows radius-server's own setting (RAD-05).
ALTER TABLE nas_devices ALTER COLUMN auth_rate DROP NOT NULL, ALTER COLUMN auth_rate DROP DEFAULT,
    ALTER COLUMN auth_burst DROP NOT NULL, ALTER COLUMN auth_burst DROP DEFAULT;

-- Message-Authenticator is asked for by itself once everything had one. Behind a range stand devices that may not have sent
-- anything yet, so only a single address ratchets.
ALTER TABLE nas_devices ADD COLUMN ratchets_message_authenticator boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT nas_devices_ratchet CHECK (NOT ratchets_message_authenticator
        OR masklen(address) = CASE family(address) WHEN 4 THEN 32 ELSE 128 END);
-- The pipelines turn this ratchet, and only forwards.
CREATE POLICY nas_devices_ratchet ON nas_devices FOR UPDATE TO nexora_pipeline
    USING (ratchets_message_authenticator AND NOT require_message_authenticator) WITH CHECK (require_message_authenticator);
GRANT UPDATE (require_message_authenticator) ON nas_devices TO nexora_pipeline;

-- What a NAS sent on a day to one run of a radius-server: sums that only grow, so that the largest is the newest.
CREATE TABLE nas_posture (
    tenant_id     uuid NOT NULL,
    nas_id        uuid NOT NULL,
    day           date NOT NULL,
    run_id        uuid NOT NULL,
    logins        bigint NOT NULL,
    signed        bigint NOT NULL,
    proxied       bigint NOT NULL,
    proxied_unsigned bigint NOT NULL,
    pap           bigint NOT NULL,
    chap          bigint NOT NULL,
    mschap        bigint NOT NULL,
    eap           bigint NOT NULL,
    refused_unsigned bigint NOT NULL,
    refused_proxied  bigint NOT NULL,
    reports       bigint NOT NULL,
    timestamped   bigint NOT NULL,
    secret_octets integer NOT NULL,
    source        inet,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, nas_id, day, run_id),
    FOREIGN KEY (tenant_id, nas_id) REFERENCES nas_devices (tenant_id, id) ON DELETE CASCADE
);
-- Old days are forgotten.
CREATE INDEX nas_posture_day ON nas_posture (tenant_id, day);

-- What was asked of a NAS beyond its row, by whom and on what evidence. Kept when the NAS is gone.
CREATE TABLE nas_tightenings (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    nas_id      uuid NOT NULL,
    nas_name    text NOT NULL,
    setting     text NOT NULL CHECK (setting IN ('require-message-authenticator', 'limit-proxy-state')),
    actor       text NOT NULL CHECK (actor IN ('ratchet', 'operator')),
    -- Against the evidence, or without any.
    forced      boolean NOT NULL DEFAULT false,
    -- Requests that the evidence is made of, and how many of them would have been refused.
    requests    bigint NOT NULL,
    refused     bigint NOT NULL DEFAULT 0,
    tightened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX nas_tightenings_nas ON nas_tightenings (tenant_id, nas_id, tightened_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['nas_posture', 'nas_tightenings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_pipeline USING (true) WITH CHECK (true)', name || '_pipeline', name);
    END LOOP;
END
$$;
GRANT SELECT ON nas_posture TO nexora_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON nas_posture TO nexora_pipeline;
-- A record of what was done: nobody changes it.
GRANT SELECT, INSERT ON nas_tightenings TO nexora_gateway, nexora_pipeline;
