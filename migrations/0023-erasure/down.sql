-- Entries whose values were erased read as changed from here on: what told them apart goes with the column.
DROP FUNCTION erase_customer(uuid, uuid);
DROP FUNCTION erase_audit_values(uuid, bigint[], timestamptz[], uuid[], text[], text[], text[], text[], text[]);
DROP FUNCTION personal_audit(uuid, uuid, bigint);
DROP FUNCTION personal_texts(uuid, uuid);
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('nexora.audit_removal', true) = 'on' AND current_user = (
        SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
DROP INDEX idx_audit_unnamed;
DROP INDEX idx_audit_customer;
ALTER TABLE audit_logs DROP COLUMN erased_at;
DROP TRIGGER users_erased ON users;
DROP TRIGGER customer_notes_erased ON customer_notes;
DROP TRIGGER customer_contacts_erased ON customer_contacts;
DROP TRIGGER services_erased ON services;
DROP TRIGGER customers_erased ON customers;
DROP FUNCTION refuse_erased();
ALTER TABLE customers DROP CONSTRAINT customers_erased_is_gone, DROP COLUMN erased_at;
