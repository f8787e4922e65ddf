DROP FUNCTION unrecorded_audit(uuid[], uuid[], timestamptz[]);
