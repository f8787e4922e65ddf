package import Domain
import Postgres

/// The leases of one scope, as far as they are to be ended.
package struct LeaseRepository {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The lease of that id; nil when there is none.
    package func find(_ id: UUID128) async throws -> Lease? {
        let source = ListSource<Lease>.leases
        return try await transaction.query(
            "SELECT \(source.selection) FROM ip_allocations r \(source.joins) WHERE r.id = $1",
            [.uuid(high: id.high, low: id.low)]
        ).first.map { try source.decode($0) }
    }

    /// Open sessions that stand on a lease: of its admission, or, where the NAS does not echo that, of its service.
    package func openSessions(on lease: Lease) async throws -> [SessionID] {
        try await transaction.query(
            """
            SELECT id FROM sessions WHERE tenant_id = $1 AND service_id = $2 AND ended_at IS NULL
                AND (admission_id = $3 OR admission_id IS NULL OR framed_ipv4 && $4::text::inet
                    OR framed_ipv6_prefix && $4::text::inet OR delegated_ipv6_prefix && $4::text::inet)
            ORDER BY id LIMIT 32
            """,
            [.id(lease.tenantID), .id(lease.serviceID), .id(lease.admissionID), .text(lease.unit)]
        ).compactMap { $0["id"].id() }
    }
}

/// A lease that somebody asked to be ended: an operation, and what the lease is now.
package struct AskedRelease: Sendable, Equatable {
    package let tenantID: TenantID
    package let operationID: UUID128
    /// Nil where it is no lease any more.
    package let allocation: Allocation?
}

extension AllocationStore {
    /// Operations that ask for the end of a lease, the oldest of each tenant first.
    package func askedReleases(limit: Int, pools: PoolCatalogue) async throws(StorageFault) -> [AskedRelease] {
        try await guarded {
            try await self.session.query(
                """
                SELECT \(AllocationSQL.columns), o.tenant_id, o.id FROM operations o
                LEFT JOIN ip_allocations a ON a.tenant_id = o.tenant_id AND a.id = o.resource_id AND a.status = 'allocated'
                WHERE o.kind = 'lease_release' AND o.state = 'pending' ORDER BY o.tenant_id, o.id LIMIT $1
                """,
                [.int8(Int64(limit))]
            ).map { row in
                AskedRelease(
                    tenantID: TenantID(UUID128(row[10])),
                    operationID: UUID128(row[11]),
                    allocation: row[0].uuid == nil ? nil : pools.allocation(row)
                )
            }
        }
    }

    /// Says what became of one.
    package func conclude(_ asked: AskedRelease, _ outcome: String) async throws(StorageFault) {
        try await guarded {
            _ = try await self.session.query(
                """
                UPDATE operations SET state = 'succeeded', outcome = $3 WHERE tenant_id = $1 AND id = $2 AND state = 'pending'
                """,
                [
                    .id(asked.tenantID), .uuid(high: asked.operationID.high, low: asked.operationID.low),
                    .text(outcome),
                ]
            )
        }
    }
}
