-- Rows that gateways keep in memory are announced when they change, whoever changes them: "TABLE ID", or "TABLE" where that were
-- many. Announcements are made with the commit and not without it. New rows need none: nobody remembers that they were missing.
CREATE FUNCTION announce_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    few uuid[] := ARRAY(SELECT id FROM changed LIMIT 9);
    one uuid;
BEGIN
    IF cardinality(few) > 8 THEN
        PERFORM pg_catalog.pg_notify('nexora_rows', TG_TABLE_NAME);
    ELSE
        FOREACH one IN ARRAY few LOOP
            PERFORM pg_catalog.pg_notify('nexora_rows', TG_TABLE_NAME || ' ' || one);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['customers', 'plans', 'bandwidth_profiles', 'tenants'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION announce_rows()', name || '_rows_updated', name);
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION announce_rows()', name || '_rows_deleted', name);
    END LOOP;
END
$$;
