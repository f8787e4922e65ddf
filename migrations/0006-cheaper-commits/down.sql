-- What waits is folded in first: nothing is lost on the way back.
ALTER TABLE usage_pending NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_daily NO FORCE ROW LEVEL SECURITY;
INSERT INTO usage_daily AS d (tenant_id, service_id, day, input_octets, output_octets, sessions)
SELECT p.tenant_id, k.service_id, p.day, sum(k.input_octets)::bigint, sum(k.output_octets)::bigint, sum(k.sessions)::integer
FROM usage_pending p CROSS JOIN LATERAL unnest(p.service_ids, p.input_octets, p.output_octets, p.sessions)
    AS k (service_id, input_octets, output_octets, sessions)
GROUP BY 1, 2, 3
ON CONFLICT (tenant_id, service_id, day) DO UPDATE SET input_octets = d.input_octets + EXCLUDED.input_octets,
    output_octets = d.output_octets + EXCLUDED.output_octets, sessions = d.sessions + EXCLUDED.sessions;
ALTER TABLE usage_daily FORCE ROW LEVEL SECURITY;
DROP TABLE usage_pending;
ALTER TABLE outbox ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN data SET COMPRESSION default;
-- Both, so that they stand in the order they had: a dump shows it.
ALTER TABLE sessions RESET (autovacuum_vacuum_scale_factor, fillfactor);
ALTER TABLE sessions SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE usage_daily SET (fillfactor = 70);
ALTER TABLE outbox ADD CONSTRAINT outbox_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id);
