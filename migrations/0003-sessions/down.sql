DROP VIEW usage_monthly;
DROP TABLE usage_daily;
DROP FUNCTION drop_session_partitions(date);
DROP FUNCTION ensure_session_partitions(date, integer);
DROP TABLE sessions_history;
DROP TABLE sessions;
