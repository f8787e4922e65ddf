DROP FUNCTION drop_audit_partitions(date);
DROP FUNCTION ensure_audit_partitions(date, integer);
DROP FUNCTION append_pipeline_audit(uuid[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], text[], text[], text[],
    text[], text[], text[], text[], text[], text[], text[], bytea[]);
DROP FUNCTION append_audit(uuid[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], text[], text[], text[], text[],
    text[], text[], text[], text[], text[], text[], bytea[]);
DROP FUNCTION add_audit_entries(uuid[], uuid[], timestamptz[], integer[], text[], uuid[], uuid[], text[], text[], text[],
    text[], text[], text[], text[], text[], text[], text[], bytea[]);
DROP TABLE audit_checkpoints;
DROP TABLE audit_logs;
DROP TABLE audit_chains;
DROP FUNCTION refuse_audit_change();
