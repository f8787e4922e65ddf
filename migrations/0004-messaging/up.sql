-- The outbox (a change and its event commit together), dead letters, and the triggers that announce directory changes.

CREATE TABLE outbox (
    -- Also the event's id and its Nats-Msg-Id.
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    -- The event's type, as in proto-schemas: nexora.directory.v1.DirectoryChanged.
    type       text NOT NULL,
    -- The subject without its tenant: directory.changed; the relay appends the tenant.
    subject    text NOT NULL CHECK (subject ~ '^[a-z]+\.[a-z_]+$'),
    aggregate_id uuid,
    -- The canonical JSON of the event's proto message.
    data       text NOT NULL,
    correlation_id text,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- The relay takes rows in the order they were made; an advisory lock makes it the only one, deletion marks them sent.
ALTER TABLE outbox ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE dead_letters (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    id          uuid NOT NULL DEFAULT uuid_v7(),
    stream      text NOT NULL,
    consumer    text NOT NULL,
    subject     text NOT NULL,
    message_id  text NOT NULL,
    reason      text NOT NULL,
    payload     text NOT NULL,
    failed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, stream, consumer, message_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['outbox', 'dead_letters'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]))', name || '_gateway', name);
        EXECUTE format('CREATE POLICY %I ON %I TO nexora_pipeline USING (true) WITH CHECK (true)', name || '_pipeline', name);
    END LOOP;
END
$$;
GRANT INSERT ON outbox TO nexora_gateway;
GRANT SELECT, INSERT, DELETE ON outbox TO nexora_pipeline;
GRANT SELECT, UPDATE ON dead_letters TO nexora_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO nexora_pipeline;

-- One event for up to 1,000 changed rows of one table and tenant: ids and versions only, never a value.
-- Runs as the owner: whoever plants a tenant below his own may not yet see it, and could not write its announcement.
CREATE FUNCTION announce_directory_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    -- The columns by their names rather than through to_jsonb(row): an import changes 100,000 rows in one statement.
    EXECUTE format(
        $query$
        INSERT INTO outbox (tenant_id, type, subject, data)
        SELECT tenant_id, 'nexora.directory.v1.DirectoryChanged', 'directory.changed',
            directory_change_json($1, $2, array_agg(id), array_agg(version))
        FROM (SELECT %1$I AS tenant_id, %2$I AS id, %3$s AS version,
                (row_number() OVER (PARTITION BY %1$I) - 1) / 1000 AS chunk
              FROM changed) c
        GROUP BY tenant_id, chunk
        $query$,
        CASE TG_ARGV[2] WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END, TG_ARGV[1],
        CASE TG_OP WHEN 'DELETE' THEN $version$nextval('directory_version')$version$ ELSE 'row_version' END)
    USING TG_ARGV[0], TG_OP = 'DELETE';
    RETURN NULL;
END
$$;

CREATE FUNCTION directory_change_json(kind text, deleted boolean, ids uuid[], versions bigint[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('kind', kind, 'deleted', deleted, 'rows', json_agg(json_build_object('id', id, 'version', version::text)))::text
    FROM unnest(ids, versions) AS r (id, version)
$$;

DO $$
DECLARE
    entry text[];
    operation text;
BEGIN
    -- Table, the kind its event names, the column that holds the id the reader looks up, and the table's shape.
    FOREACH entry SLICE 1 IN ARRAY ARRAY[
        ['tenants', 'TENANT', 'id', 'tenant'],
        ['nas_devices', 'NAS', 'id', 'row'],
        ['plans', 'PLAN', 'id', 'row'],
        ['plan_advanced_settings', 'PLAN', 'plan_id', 'row'],
        ['customers', 'CUSTOMER', 'id', 'row'],
        ['services', 'SERVICE', 'id', 'row'],
        ['service_credentials', 'CREDENTIAL', 'service_id', 'row']]
    LOOP
        FOREACH operation IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            CONTINUE WHEN operation = 'DELETE' AND entry[1] = 'tenants';
            EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_directory_change(%L, %L, %L)',
                entry[1] || '_announce_' || lower(operation), operation, entry[1],
                CASE operation WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END, entry[2], entry[3], entry[4]);
        END LOOP;
    END LOOP;
END
$$;
-- The announcements above are the owner's only rows here.
CREATE POLICY outbox_owner ON outbox FOR INSERT TO CURRENT_USER WITH CHECK (true);
