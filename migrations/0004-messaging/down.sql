DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger WHERE tgname ~ '_announce_(insert|update|delete)$' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
    END LOOP;
END
$$;
DROP FUNCTION announce_directory_change();
DROP FUNCTION directory_change_json(text, boolean, uuid[], bigint[]);
DROP TABLE dead_letters;
DROP TABLE outbox;
