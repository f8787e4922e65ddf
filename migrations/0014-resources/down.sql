DROP TRIGGER services_remember_delete ON services;
DROP TRIGGER services_remember_update ON services;
DROP FUNCTION remember_service_change();
DROP FUNCTION service_facts(services);
DROP TABLE service_history, customer_notes, customer_code_counters;
DROP FUNCTION nas_is_taken(cidr, text, uuid, uuid);
DROP FUNCTION services_matching(text[], integer);
DROP FUNCTION customers_matching(text[], integer);
ALTER TABLE service_credentials DROP COLUMN revealed_at;
DROP INDEX services_id, customers_id;
ALTER TABLE services DROP COLUMN search_text, DROP COLUMN username_key;
DROP INDEX services_created;
ALTER TABLE customers DROP COLUMN search_text, DROP COLUMN name_key, DROP CONSTRAINT customers_fee, DROP CONSTRAINT customers_place,
    DROP COLUMN fee_currency, DROP COLUMN monthly_fee, DROP COLUMN installed_on, DROP COLUMN longitude, DROP COLUMN latitude,
    DROP COLUMN tags;
DROP INDEX customers_created, customers_updated;
-- One that was there before stays: it is somebody else's.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT extname FROM pg_extension WHERE extname IN ('pg_trgm', 'btree_gin') AND pg_get_userbyid(extowner) = current_user LOOP
        EXECUTE format('DROP EXTENSION %I', name);
    END LOOP;
END
$$;
