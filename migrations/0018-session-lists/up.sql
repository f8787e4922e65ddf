-- What lists of sessions are read through: a customer's own ones, and the past in the order it began. Partitions made later get
-- the history's with all its others.

-- Accounting writes the hot table without pause. No column here changes with an interim, so those stay HOT; a session costs the one
-- entry when it begins and one when it ends. What the table holds of a tenant is eight days, so it gets no order of its own.
CREATE INDEX sessions_customer ON sessions (tenant_id, customer_id, started_at, id) WHERE customer_id IS NOT NULL;
CREATE INDEX sessions_history_customer ON sessions_history (tenant_id, customer_id, started_at, id) WHERE customer_id IS NOT NULL;
CREATE INDEX sessions_history_started ON sessions_history (tenant_id, started_at, id);
