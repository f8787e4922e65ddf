DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['customers', 'plans', 'bandwidth_profiles', 'tenants'] LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', name || '_rows_updated', name);
        EXECUTE format('DROP TRIGGER %I ON %I', name || '_rows_deleted', name);
    END LOOP;
END
$$;
DROP FUNCTION announce_rows();
