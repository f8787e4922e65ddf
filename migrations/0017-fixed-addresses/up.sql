-- What a service has for good is its own: no two services of a tenant that are in use have one address or prefix. Where that was not so
-- this step fails and names the address: take it from one of the two first.
CREATE UNIQUE INDEX services_static_ipv4 ON services (tenant_id, static_ipv4)
    WHERE static_ipv4 IS NOT NULL AND status <> 'terminated';
CREATE UNIQUE INDEX services_framed_ipv6 ON services (tenant_id, framed_ipv6_prefix)
    WHERE framed_ipv6_prefix IS NOT NULL AND status <> 'terminated';
CREATE UNIQUE INDEX services_delegated_ipv6 ON services (tenant_id, delegated_ipv6_prefix)
    WHERE delegated_ipv6_prefix IS NOT NULL AND status <> 'terminated';

-- What waits for whoever ends leases.
CREATE INDEX operations_lease_releases ON operations (tenant_id, id) WHERE kind = 'lease_release' AND state = 'pending';
