-- What providers tell of messages that they took, and what people answer by SMS (NTF-02). docs/NOTICE-PROVIDERS.md says what is believed.

-- A request of a provider's as it came: the gateway, which cannot open what would prove it, puts it here; the notifier reads it and takes it
-- away. It holds addresses and words of people, and nobody else reads it.
CREATE TABLE notice_callbacks (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuid_v7(),
    provider_id uuid NOT NULL,
    -- As it was asked for: signatures are made over it.
    host        text NOT NULL CHECK (length(host) <= 300),
    target      text NOT NULL CHECK (octet_length(target) BETWEEN 1 AND 16384),
    headers     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(headers) = 'object' AND octet_length(headers::text) <= 16384),
    body        bytea NOT NULL CHECK (octet_length(body) <= 1048576),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How often it was looked at and had to wait: for a notice that is not recorded yet, for a key, for a certificate.
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES notice_providers (tenant_id, id) ON DELETE CASCADE
);
-- One queue for all tenants; how much of one account waits.
CREATE INDEX notice_callbacks_due ON notice_callbacks (next_at, id);
CREATE INDEX notice_callbacks_provider ON notice_callbacks (tenant_id, provider_id);

ALTER TABLE notice_callbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice_callbacks FORCE ROW LEVEL SECURITY;
CREATE POLICY notice_callbacks_gateway ON notice_callbacks TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY notice_callbacks_notifier ON notice_callbacks TO nexora_notifier USING (true);
GRANT INSERT (tenant_id, provider_id, host, target, headers, body, received_at, next_at), SELECT (tenant_id, provider_id)
    ON notice_callbacks TO nexora_gateway;
GRANT SELECT, DELETE, UPDATE (attempts, next_at) ON notice_callbacks TO nexora_notifier;

-- Whose account a path names: a provider proves who it is by its signature, and nobody has signed in.
CREATE POLICY notice_providers_owner ON notice_providers FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION tenant_of_notice_provider(provider uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    SELECT tenant_id FROM public.notice_providers WHERE id = provider
$$;
REVOKE ALL ON FUNCTION tenant_of_notice_provider(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_of_notice_provider(uuid) TO nexora_gateway;
CREATE INDEX notice_providers_id ON notice_providers (id);

-- An account carries words of the tenants below its own: what is known of a receipt is the account, and not whose notice it is about.
DROP INDEX notices_provider;
CREATE INDEX notices_provider ON notices (provider_id, provider_message) WHERE provider_message IS NOT NULL;
-- Of what nobody knows a receipt may still say it: by the notice's own id, where nothing else is known.
CREATE INDEX notices_unknown ON notices (id) WHERE state = 'unknown';

-- START takes back what STOP said.
GRANT DELETE ON notice_suppressions TO nexora_notifier;
