package import Domain
import Postgres

extension ListSource where Row == RouterOperation {
    /// What is to be done on routers, and what became of it, the newest first. Whose secrets go is not told.
    package static let routerOperations = ListSource(
        name: "router_operations",
        tables: ["router_operations"],
        selection: RouterOperationSQL.columns,
        fields: [
            ListField("device_id", .id, isSelective: true),
            ListField("service_id", .id, isNullable: true, isSelective: true),
            ListField("plan_id", .id, isNullable: true),
            ListField("kind", .choice(RouterOperationKind.allCases.map(\.rawValue))),
            ListField("state", .choice(RouterOperationState.allCases.map(\.rawValue))),
            ListField("requested_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("device_id") { .id($0.deviceID) }, OutputColumn("kind") { .text($0.kind.rawValue) },
            OutputColumn("service_id") { .id($0.serviceID) }, OutputColumn("plan_id") { .id($0.planID) },
            OutputColumn("state") { .text($0.state.rawValue) }, OutputColumn("attempts") { .integer($0.attempts) },
            OutputColumn("reason") { .text($0.reason) }, OutputColumn("detail") { .text($0.detail) },
            OutputColumn("requested_at") { .time($0.requestedAt) }, OutputColumn("started_at") { .time($0.startedAt) },
            OutputColumn("ended_at") { .time($0.endedAt) }, OutputColumn("next_at") { .time($0.nextAt) },
        ],
        decode: { try RouterOperationSQL.operation($0) }
    )
}

/// What is to be done on the routers of one scope.
package struct RouterOperationRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Asks for every service that lives on a router, and for its plans' profiles, again: for a router that was reset or replaced, and
    /// for what failed. Returns how many operations that makes.
    package func sync(_ device: Device, correlationID: String? = nil) async throws -> Int {
        let values: [PGValue] = [
            .id(device.tenantID), .id(device.id),
            .text(correlationID.map { String($0.unicodeScalars.prefix(128)) }),
        ]
        let profiles = try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, plan_id, correlation_id)
            SELECT DISTINCT s.tenant_id, s.router_id, 'sync_profile', s.plan_id, $3::text FROM services s
            WHERE s.tenant_id = $1 AND s.router_id = $2 AND s.status IN ('active', 'suspended')
            """,
            values
        )
        let services = try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, service_id, correlation_id)
            SELECT s.tenant_id, s.router_id, 'sync_service', s.id, $3::text FROM services s
            WHERE s.tenant_id = $1 AND s.router_id = $2
            """,
            values
        )
        return profiles.affectedRows + services.affectedRows
    }

    /// How far a service's operations are, for whoever waits for them.
    package func standing(of service: ServiceID, tenant: TenantID) async throws -> RouterStanding {
        try RouterStanding(try await transaction.query(RouterStanding.sql, RouterStanding.values(tenant, service)))
    }
}
