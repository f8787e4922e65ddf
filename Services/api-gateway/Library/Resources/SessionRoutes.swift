import Domain
import Events
import HTTPServer
import Identity
import Observability
import Persistence
import WireFormat

extension Resource where Row == SessionDetail {
    static let sessions = Resource(
        .sessions,
        path: "/api/v1/radius/sessions",
        noun: ("Session", "Sessions"),
        tag: "sessions",
        auditType: "session",
        read: .sessionsRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        schemas: [
            "nas_id": .uuid, "username": .text(), "acct_session_id": .text(), "started_at": .time,
            "last_update_at": .time, "terminate_cause": .nullable(.integer()), "nas_port": .nullable(.integer()),
            "calling_station_id": .text(), "called_station_id": .text(), "record_count": .integer(0...Int64.max),
        ],
        recordedReads: .by(["framed_ipv4", "framed_ipv6_prefix", "delegated_ipv6_prefix"])
    ) { transaction, id, _ in try await SessionInspection(transaction).find(SessionID(id)) }
}

/// Sessions: listed, looked at, ended, and brought to what they should have (SES-07, COA-02).
struct SessionRoutes {
    private let parts: Parts
    private let sessions = Resource<SessionDetail>.sessions
    private let operations = Resource<StoredOperation>.operations

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try sessions.reading(parts) + [disconnect, reconcile] } }

    /// An intent: whoever talks to NASes carries it out and tells the operation what became of it.
    private var disconnect: GatewayRoute {
        intent(
            "/api/v1/radius/sessions/{id:uuid}/disconnect",
            operationID: "disconnectSession",
            .radiusDisconnect,
            "Asks for the end of a session; the operation tells what became of it.",
            action: .disconnect,
            kind: "session_disconnect"
        ) { session, operation in
            DisconnectRequested(
                admissionID: session.admissionID,
                nasID: session.nasID,
                serviceID: session.serviceID,
                reason: .requested,
                sessionID: session.id,
                operationID: operation
            )
        }
    }

    /// The same for what a session should have now: its plan's speed and limits, as its next login would get them.
    private var reconcile: GatewayRoute {
        intent(
            "/api/v1/radius/sessions/{id:uuid}/coa",
            operationID: "reconcileSession",
            .radiusChangePlan,
            """
            Asks that a session gets what its subscriber should have now, by a CoA-Request or, where the NAS cannot, by a new \
            session; the operation tells what became of it.
            """,
            action: .update,
            kind: "session_reconcile"
        ) { session, operation in
            ReconcileRequested(
                sessionID: session.id,
                nasID: session.nasID,
                serviceID: session.serviceID,
                operationID: operation
            )
        }
    }

    private func intent<Intent: EventPayload>(
        _ path: PathPattern,
        operationID: String,
        _ permission: Permission,
        _ summary: String,
        action: AuditAction,
        kind: String,
        _ make: @escaping @Sendable (SessionDetail, UUID128) -> Intent
    ) -> GatewayRoute {
        GatewayRoute(
            .post,
            path,
            operationID: operationID,
            metadata: Access(
                .permission(permission),
                repetition: .keyed,
                operation: Operation("sessions", summary, status: 202, .data(operations.schema))
            )
        ) { request in
            let id = try request.pathID()
            let trace = request.trace.traceparent
            return try await parts.change(request) { work in
                let session = try await sessions.found(id, work.transaction, work.caller)
                guard session.endedAt == nil else {
                    throw Problem.conflict("session_ended", "The session has ended.")
                }
                let operation = try await OperationRepository(work.transaction).insert(
                    StoredOperation(
                        tenantID: session.tenantID,
                        id: parts.ids.uuid(),
                        kind: kind,
                        resourceType: "session",
                        resourceID: session.id.value,
                        customerID: session.customerID,
                        requestedBy: work.caller.audit.actor.id
                    )
                )
                try await announce(make(session, operation.id), about: session, work, trace)
                work.record(
                    action,
                    AuditResource("session", session.id),
                    of: session.tenantID,
                    .created(["operation_id": .text(operation.id.description), "username": .text(session.username)])
                )
                var response = try operations.answer(operation, to: request, status: .accepted)
                response.headers["location"] = HeaderValue(withoutControls: "\(operations.path)/\(operation.id)")
                return response
            }
        }
    }

    private func announce(
        _ intent: some EventPayload,
        about session: SessionDetail,
        _ work: Work,
        _ trace: String
    ) async throws {
        let change = IdentityChange(
            now: parts.time.now(),
            ids: parts.ids,
            correlationID: work.caller.origin.correlationID,
            traceparent: trace
        )
        try await work.transaction.announce(intent, tenant: session.tenantID, about: session.id.value, change)
    }
}
