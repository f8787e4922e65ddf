package import Domain
package import Postgres

/// Where requests to a NAS go, and who else's go there.
package struct NASEndpoint: Hashable, Sendable {
    package let tenantID: TenantID
    package let nasID: NASID
    /// Nil for a row that is a range of addresses: nobody knows where to send to.
    package let address: IPAddress?
    package let port: UInt16
    /// A NAS of another tenant has the same address and port.
    package let isShared: Bool

    package init(tenantID: TenantID, nasID: NASID, address: IPAddress?, port: UInt16, isShared: Bool) {
        self.tenantID = tenantID
        self.nasID = nasID
        self.address = address
        self.port = port
        self.isShared = isShared
    }
}

/// What questions about breakers need, as the pipelines' role, over all tenants.
package final class BreakerStore: Sendable {
    private let session: PostgresSession

    package init(_ session: PostgresSession) {
        self.session = session
    }

    private static let endpoints = """
        SELECT n.tenant_id, n.id, n.address::text AS address, n.coa_port,
            EXISTS (SELECT FROM nas_devices o WHERE o.address = n.address AND o.coa_port = n.coa_port
                AND o.tenant_id <> n.tenant_id) AS is_shared
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k (tenant_id, id, place)
        JOIN nas_devices n ON n.tenant_id = k.tenant_id AND n.id = k.id
        ORDER BY k.place
        """

    /// Where requests to those NASes go, in their order; those that are no more are left out.
    package func endpoints(_ nases: [(tenant: TenantID, nas: NASID)]) async throws(StorageFault) -> [NASEndpoint] {
        guard !nases.isEmpty else { return [] }
        return try await guarded {
            try await self.session.query(
                Self.endpoints,
                [.uuids(nases.map(\.tenant.value)), .uuids(nases.map(\.nas.value))]
            ).map { row in
                let prefix: IPPrefix = try row.need("address") { $0.text.flatMap { IPPrefix($0) } }
                return NASEndpoint(
                    tenantID: try row.need("tenant_id") { $0.id() },
                    nasID: try row.need("id") { $0.id() },
                    address: prefix.length == prefix.address.family.bits ? prefix.address : nil,
                    port: UInt16(clamping: try row.need("coa_port", \.int)),
                    isShared: try row.need("is_shared", \.bool)
                )
            }
        }
    }

    /// What waits for that reason on those NASes is due at that time. Orders that were waiting for anything else stay as they are.
    package func wake(
        _ nases: [NASEndpoint],
        waitingFor reason: EnforcementReason,
        at now: Timestamp
    ) async throws(StorageFault) {
        guard !nases.isEmpty else { return }
        _ = try await guarded {
            try await self.session.query(
                """
                UPDATE enforcements e SET next_at = $3
                FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, nas_id)
                WHERE e.tenant_id = k.tenant_id AND e.nas_id = k.nas_id AND e.ended_at IS NULL AND e.state = 'pending'
                    AND e.reason = $4 AND e.next_at > $3
                """,
                [
                    .uuids(nases.map(\.tenantID.value)), .uuids(nases.map(\.nasID.value)), .time(now),
                    .text(reason.rawValue),
                ]
            )
        }
    }
}
