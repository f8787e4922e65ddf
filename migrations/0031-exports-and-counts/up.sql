-- Exports as spreadsheets and PDF beside CSV and lines of JSON.

ALTER TABLE exports DROP CONSTRAINT exports_format_check;
ALTER TABLE exports ADD CONSTRAINT exports_format_check CHECK (format IN ('csv', 'ndjson', 'xlsx', 'pdf'));

-- Counts of customers that gateways keep in memory are announced when they change, by the tenants that count them: "counts ID" for the
-- customer's own and each above it, or "counts" where many tenants' customers change at once. What changes no count is not announced.
-- Runs as the owner: who stands above is not visible from below.
CREATE FUNCTION announce_counts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    touched uuid[];
    one uuid;
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            touched := ARRAY(SELECT DISTINCT t.tenant_id FROM counted_after t LIMIT 9);
        WHEN 'DELETE' THEN
            touched := ARRAY(SELECT DISTINCT t.tenant_id FROM counted_before t LIMIT 9);
        ELSE
            touched := ARRAY(
                SELECT DISTINCT a.tenant_id
                FROM counted_before b JOIN counted_after a ON a.tenant_id = b.tenant_id AND a.id = b.id
                WHERE a.status <> b.status OR (a.deleted_at IS NULL) <> (b.deleted_at IS NULL)
                LIMIT 9
            );
    END CASE;
    IF cardinality(touched) > 8 THEN
        PERFORM pg_notify('nexora_rows', 'counts');
        RETURN NULL;
    END IF;
    FOR one IN
        WITH RECURSIVE above AS (
            SELECT t.id, t.parent_id FROM public.tenants t WHERE t.id = ANY (touched)
            UNION SELECT t.id, t.parent_id FROM public.tenants t JOIN above ON t.id = above.parent_id
        )
        SELECT above.id FROM above
    LOOP
        PERFORM pg_notify('nexora_rows', 'counts ' || one);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER customers_counts_inserted AFTER INSERT ON customers REFERENCING NEW TABLE AS counted_after
    FOR EACH STATEMENT EXECUTE FUNCTION announce_counts();
CREATE TRIGGER customers_counts_updated AFTER UPDATE ON customers
    REFERENCING OLD TABLE AS counted_before NEW TABLE AS counted_after
    FOR EACH STATEMENT EXECUTE FUNCTION announce_counts();
CREATE TRIGGER customers_counts_deleted AFTER DELETE ON customers REFERENCING OLD TABLE AS counted_before
    FOR EACH STATEMENT EXECUTE FUNCTION announce_counts();
