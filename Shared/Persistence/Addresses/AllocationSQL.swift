/// The statements of ``AllocationStore``. Each takes arrays, one element per row.
enum AllocationSQL {
    /// The first half of the two-number lock of whoever keeps addresses.
    static let lockClass: Int32 = 0x4950

    static let columns = """
        a.id, a.pool_id, a.unit::text, a.service_id, a.nas_id, a.admission_id, a.hardware_address::text, a.status,
        a.allocated_at, a.released_at
        """

    /// The allocations of the units that are not released.
    static let openUnits = """
        SELECT \(columns) FROM unnest($1::uuid[], $2::uuid[], $3::text[]::cidr[]) AS k (tenant_id, pool_id, unit)
        JOIN ip_allocations a ON a.tenant_id = k.tenant_id AND a.pool_id = k.pool_id AND a.unit = k.unit
            AND a.status <> 'released'
        """

    static let known = """
        SELECT a.id FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        JOIN ip_allocations a ON a.tenant_id = k.tenant_id AND a.id = k.id
        """

    static let close = """
        UPDATE ip_allocations a SET status = k.status, released_at = k.released_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS k (tenant_id, id, status, released_at)
        WHERE a.tenant_id = k.tenant_id AND a.id = k.id
        """

    static let insert = """
        INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, nas_id, admission_id, hardware_address, status,
            allocated_at, released_at)
        SELECT k.tenant_id, k.id, k.pool_id, k.unit::cidr, k.service_id, k.nas_id, k.admission_id,
            k.hardware_address::macaddr, k.status, k.allocated_at, k.released_at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[],
            $9::text[], $10::timestamptz[], $11::timestamptz[])
            AS k (tenant_id, id, pool_id, unit, service_id, nas_id, admission_id, hardware_address, status, allocated_at,
                released_at)
        """

    /// Services are found by their ids alone: one walk of the table for a batch, where an index begins with the tenant.
    static let walking =
        "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true)"

    /// Binds services that are not bound and whose binding was not reset since. Of several entries the oldest counts.
    static let bind = """
        UPDATE services s SET bound_mac = k.mac::macaddr, bound_at = k.at
        FROM (
            SELECT DISTINCT ON (service_id, generation) * FROM unnest($1::uuid[], $2::text[], $3::int8[], $4::timestamptz[],
                $5::uuid[]) AS e (service_id, mac, generation, at, nas_id)
            ORDER BY service_id, generation, at
        ) AS k
        WHERE s.id = k.service_id AND s.binding_generation = k.generation AND s.bound_mac IS NULL
        RETURNING s.tenant_id, s.id, s.username, s.bound_mac::text, s.binding_generation, k.nas_id
        """

    // MARK: - Walks

    /// The session of an allocation is the one of its admission, else the one that reported its address, else one that
    /// tells neither.
    static let walkAllocations = """
        SELECT \(columns), a.tenant_id, \(KnownSession.columns)
        FROM (
            SELECT * FROM ip_allocations WHERE status <> 'released' AND (tenant_id, pool_id, unit) > ($1, $2, $3::text::cidr)
            ORDER BY tenant_id, pool_id, unit LIMIT $4
        ) a
        LEFT JOIN LATERAL (
            SELECT * FROM sessions s
            WHERE s.tenant_id = a.tenant_id AND s.service_id = a.service_id AND s.ended_at IS NULL AND a.status = 'allocated'
                AND (s.admission_id = a.admission_id OR s.framed_ipv4 = a.unit OR s.framed_ipv6_prefix = a.unit
                    OR s.framed_ipv6_address = a.unit OR s.delegated_ipv6_prefix = a.unit OR s.admission_id IS NULL)
            ORDER BY s.admission_id IS NOT DISTINCT FROM a.admission_id DESC, s.admission_id IS NULL, s.started_at DESC LIMIT 1
        ) s ON true
        ORDER BY a.tenant_id, a.pool_id, a.unit
        """

    static let walkSessions = """
        SELECT \(KnownSession.columns) FROM sessions s
        WHERE s.ended_at IS NULL AND s.service_id IS NOT NULL AND (s.tenant_id, s.id) > ($1, $2)
        ORDER BY s.tenant_id, s.id LIMIT $3
        """

    static let walkBindings = """
        SELECT s.tenant_id, s.id, s.binding_generation, s.bound_mac::text FROM services s
        WHERE (s.bound_mac IS NOT NULL OR s.binding_generation > 0) AND (s.tenant_id, s.id) > ($1, $2)
        ORDER BY s.tenant_id, s.id LIMIT $3
        """

    static let bindings = """
        SELECT s.tenant_id, s.id, s.binding_generation, s.bound_mac::text FROM services s WHERE s.id = ANY ($1)
        """

    /// A service's tenant is found by its id: the index of sessions begins with it.
    static let sessionsOfServices = """
        SELECT \(KnownSession.columns) FROM services v CROSS JOIN LATERAL (
            SELECT * FROM sessions x WHERE x.tenant_id = v.tenant_id AND x.service_id = v.id
            ORDER BY x.started_at DESC LIMIT 32
        ) s WHERE v.id = ANY ($1)
        """

    static let closeGone = """
        UPDATE ip_allocations a SET status = 'released', released_at = coalesce(a.released_at, clock_timestamp())
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (tenant_id, id, status)
        WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND a.status = k.status
        """

    /// What services have for good and lies in a pool of their tenant.
    static let statics = """
        SELECT p.id, x.address::text FROM services v
        CROSS JOIN LATERAL unnest(ARRAY[v.static_ipv4, v.framed_ipv6_prefix::inet, v.delegated_ipv6_prefix::inet]) x (address)
        JOIN ip_pools p ON p.tenant_id = v.tenant_id AND p.range && x.address
        WHERE x.address IS NOT NULL
        """

    static let forget = """
        DELETE FROM ip_allocations a
        USING tenants t CROSS JOIN LATERAL (
            SELECT x.id FROM ip_allocations x
            WHERE x.tenant_id = t.id AND x.id < $1 AND x.status = 'released' AND x.released_at < $2 LIMIT $3
        ) AS k
        WHERE a.tenant_id = t.id AND a.id = k.id
        """

    static let releaseKept = """
        UPDATE ip_allocations a SET status = 'released'
        FROM (
            SELECT x.tenant_id, x.id FROM ip_pools p JOIN ip_allocations x ON x.tenant_id = p.tenant_id AND x.pool_id = p.id
            WHERE x.status = 'reserved' AND x.released_at < clock_timestamp() - make_interval(secs => p.sticky_seconds)
            LIMIT $1
        ) AS k
        WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND a.status = 'reserved'
        """
}
