import Domain
import HTTPServer
import Identity
import Persistence

extension Resource where Row == EnforcementRecord {
    static let enforcements = Resource(
        .enforcements,
        path: "/api/v1/enforcements",
        noun: ("Enforcement", "Enforcements"),
        tag: "enforcements",
        auditType: "enforcement",
        read: .sessionsRead,
        own: .none,
        id: { $0.order.id.description },
        owner: { RecordOwner(tenantID: $0.order.tenantID) },
        schemas: [
            "kind": .text(), "cause": .text(), "state": .text(), "summary": .text(), "nas_id": .uuid,
            "error_cause": .nullable(.integer(0...Int64(UInt32.max))), "attempts": .integer(0...Int64.max),
            "trials": .list(
                .object([.init("kind", .text()), .init("set", .text()), .init("outcome", .text())], isOpen: true)
            ),
            "latency_ms": .nullable(.integer(0...Int64.max)), "requested_at": .time,
        ],
        isExported: false
    ) { transaction, id, _ in try await EnforcementRepository(transaction).find(EnforcementID(id)) }
}

/// What was asked of NASes for live sessions, and what became of it (COA-07).
struct EnforcementRoutes {
    private let parts: Parts
    private let enforcements = Resource<EnforcementRecord>.enforcements

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try enforcements.reading(parts) + [
                below(
                    "/api/v1/radius/sessions/{id:uuid}/enforcements",
                    operationID: "listSessionEnforcements",
                    [.sessionsRead],
                    "A page of what was asked of a session's NAS for that session.",
                    field: "session_id"
                ) { id, transaction, caller in
                    _ = try await Resource<SessionDetail>.sessions.found(id, transaction, caller)
                },
                below(
                    "/api/v1/services/{id:uuid}/enforcements",
                    operationID: "listServiceEnforcements",
                    [.sessionsRead, .servicesRead],
                    "A page of what was asked of NASes for a service's sessions.",
                    field: "service_id"
                ) { id, transaction, caller in
                    _ = try await Resource<Service>.services.found(id, transaction, caller, includingDeleted: true)
                },
            ]
        }
    }

    /// The list below another row, which must be the caller's to see.
    private func below(
        _ path: String,
        operationID: String,
        _ permissions: Set<Permission>,
        _ summary: String,
        field: String,
        _ see: @escaping @Sendable (UUID128, ScopedTransaction, Caller) async throws -> Void
    ) throws -> GatewayRoute {
        GatewayRoute(
            .get,
            try PathPattern(path),
            operationID: operationID,
            metadata: Access(
                .permissions(permissions),
                operation: Operation(
                    enforcements.tag,
                    summary,
                    parameters: ListDescription.parameters(enforcements.source),
                    .page(enforcements.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let filter = try ListFilter.equal(field, EnforcementID(id), of: enforcements.source)
            let query = try enforcements.query(request, try request.caller, adding: [filter])
            let page = try await parts.read(request) { transaction, caller in
                try await see(id, transaction, caller)
                return try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                    .page(of: enforcements.source, query)
            }
            return try enforcements.answer(page, query, to: request)
        }
    }
}
