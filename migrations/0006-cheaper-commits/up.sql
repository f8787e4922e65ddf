-- What commits of accounting add to usage_daily waits here, a row per tenant, day and commit, and is folded in every half
-- minute: a busy service's row is then written twice a minute instead of once a report, and a report costs 36 octets.

CREATE TABLE usage_pending (
    -- No reference: every commit would lock its tenant's row. The sessions that the octets come from have one.
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL DEFAULT uuid_v7(),
    day           date NOT NULL,
    -- One element per delta; a service may stand in several.
    service_ids   uuid[] NOT NULL,
    input_octets  bigint[] NOT NULL,
    output_octets bigint[] NOT NULL,
    sessions      integer[] NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (cardinality(service_ids) = ALL (ARRAY[cardinality(input_octets), cardinality(output_octets), cardinality(sessions)]))
);
-- Short-lived: not worth compressing.
ALTER TABLE usage_pending ALTER COLUMN service_ids SET STORAGE EXTERNAL, ALTER COLUMN input_octets SET STORAGE EXTERNAL,
    ALTER COLUMN output_octets SET STORAGE EXTERNAL, ALTER COLUMN sessions SET STORAGE EXTERNAL;
ALTER TABLE usage_pending ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_pending FORCE ROW LEVEL SECURITY;
CREATE POLICY usage_pending_gateway ON usage_pending FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY usage_pending_pipeline ON usage_pending TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT ON usage_pending TO nexora_gateway;
GRANT SELECT, INSERT, DELETE ON usage_pending TO nexora_pipeline;

-- An event of a thousand deltas is 250 kB of text that compresses to a tenth: less to write twice and to vacuum away.
ALTER TABLE outbox ALTER COLUMN data SET STORAGE EXTENDED;
DO $$
BEGIN
    ALTER TABLE outbox ALTER COLUMN data SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL; -- A server built without lz4 compresses in its own way.
END
$$;

-- Sessions that began together report together, so a commit may write every row of a page anew: each page has room for that,
-- or half of the updates go to other pages and write every index again.
ALTER TABLE sessions SET (fillfactor = 45);
ALTER TABLE usage_daily SET (fillfactor = 45);

-- Every event locked its tenant's row. An event belongs to the change that it announces, whose table has the reference.
ALTER TABLE outbox DROP CONSTRAINT outbox_tenant_id_fkey;
