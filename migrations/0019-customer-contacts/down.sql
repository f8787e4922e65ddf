CREATE OR REPLACE FUNCTION service_facts(s services) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('customer_id', s.customer_id, 'plan_id', s.plan_id, 'kind', s.kind, 'username', s.username,
        'status', s.status, 'expires_at', s.expires_at, 'session_limit', s.session_limit,
        'static_ipv4', host(s.static_ipv4), 'framed_ipv6_prefix', s.framed_ipv6_prefix::text,
        'delegated_ipv6_prefix', s.delegated_ipv6_prefix::text)
$$;
ALTER TABLE services DROP COLUMN cpe_mac, DROP COLUMN cpe_serial, DROP COLUMN installation_status, DROP COLUMN service_address;
DROP TABLE customer_contacts;
