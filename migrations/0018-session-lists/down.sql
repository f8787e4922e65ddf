DROP INDEX sessions_history_started;
DROP INDEX sessions_history_customer;
DROP INDEX sessions_customer;
