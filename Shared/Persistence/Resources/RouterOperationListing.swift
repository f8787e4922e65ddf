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

    /// Asks for every service that lives on a router, and for its plans' profiles, again, and for what it still has of services that have
    /// left it: for a router that was reset or replaced, and for what failed. What waits already is not asked for twice. Returns how
    /// many operations that makes.
    package func sync(_ device: Device, correlationID: String? = nil) async throws -> Int {
        // One after another: two at once would each not see what the other asks for.
        _ = try await transaction.query(
            "SELECT FROM devices WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
            [.id(device.tenantID), .id(device.id)]
        )
        let values: [PGValue] = [
            .id(device.tenantID), .id(device.id),
            .text(correlationID.map { String($0.unicodeScalars.prefix(128)) }),
        ]
        let profiles = try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, plan_id, correlation_id)
            SELECT DISTINCT s.tenant_id, s.router_id, 'sync_profile', s.plan_id, $3::text FROM services s
            WHERE s.tenant_id = $1 AND s.router_id = $2 AND s.status IN ('active', 'suspended') AND s.plan_id NOT IN (
                SELECT r.plan_id FROM router_operations r
                WHERE r.tenant_id = $1 AND r.device_id = $2 AND r.ended_at IS NULL AND r.state = 'pending'
                    AND r.kind = 'sync_profile')
            """,
            values
        )
        let services = try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, service_id, correlation_id)
            SELECT s.tenant_id, s.router_id, 'sync_service', s.id, $3::text FROM services s
            WHERE s.tenant_id = $1 AND s.router_id = $2 AND s.id NOT IN (
                SELECT r.service_id FROM router_operations r
                WHERE r.tenant_id = $1 AND r.device_id = $2 AND r.ended_at IS NULL AND r.state = 'pending'
                    AND r.kind = 'sync_service')
            """,
            values
        )
        // Behind them: a name that a service of the router has by now is not taken from it.
        let removals = try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, service_id, username, correlation_id, repeats)
            SELECT f.tenant_id, f.device_id, f.kind, f.service_id, f.username, $3::text, f.id FROM router_operations f
            WHERE f.tenant_id = $1 AND f.device_id = $2 AND f.kind = 'remove_service' AND f.state = 'failed'
                AND NOT EXISTS (SELECT FROM router_operations r WHERE r.tenant_id = f.tenant_id AND r.repeats = f.id)
            ORDER BY f.number
            ON CONFLICT (tenant_id, repeats) WHERE repeats IS NOT NULL DO NOTHING
            """,
            values
        )
        return profiles.affectedRows + services.affectedRows + removals.affectedRows
    }

    /// The operation of that id; nil where there is none in sight.
    package func find(_ id: RouterOperationID) async throws -> RouterOperation? {
        try await transaction.query(
            "SELECT \(RouterOperationSQL.columns) FROM router_operations r WHERE r.id = $1",
            [.id(id)]
        )
        .first.map(RouterOperationSQL.operation)
    }

    /// Up to `limit` operations of a device, or of all, the newest first, behind the one named.
    package func list(
        of device: DeviceID?,
        state: RouterOperationState?,
        after: RouterOperationID?,
        limit: Int
    ) async throws -> [RouterOperation] {
        try await transaction.query(
            """
            SELECT \(RouterOperationSQL.columns) FROM router_operations r
            WHERE ($1::uuid IS NULL OR r.device_id = $1) AND ($2::text IS NULL OR r.state = $2) AND ($3::uuid IS NULL OR r.id < $3)
            ORDER BY r.id DESC LIMIT $4
            """,
            [.id(device), .text(state?.rawValue), .id(after), .int8(Int64(limit))]
        ).map(RouterOperationSQL.operation)
    }

    /// Asks once more for one that failed: the id of the operation that does it, a new one behind all that wait. Nil where it has not
    /// failed, or was asked for again before.
    package func retry(_ failed: RouterOperation, correlationID: String? = nil) async throws -> RouterOperationID? {
        try await transaction.query(
            """
            INSERT INTO router_operations (tenant_id, device_id, kind, service_id, plan_id, username, correlation_id, repeats)
            SELECT f.tenant_id, f.device_id, f.kind, f.service_id, f.plan_id, f.username, $3::text, f.id FROM router_operations f
            WHERE f.tenant_id = $1 AND f.id = $2 AND f.state = 'failed'
            ON CONFLICT (tenant_id, repeats) WHERE repeats IS NOT NULL DO NOTHING
            RETURNING id
            """,
            [
                .id(failed.tenantID), .id(failed.id),
                .text(correlationID.map { String($0.unicodeScalars.prefix(128)) }),
            ]
        ).first?["id"].id()
    }

    /// How far a service's operations are, for whoever waits for them.
    package func standing(of service: ServiceID, tenant: TenantID) async throws -> RouterStanding {
        try RouterStanding(try await transaction.query(RouterStanding.sql, RouterStanding.values(tenant, service)))
    }
}
