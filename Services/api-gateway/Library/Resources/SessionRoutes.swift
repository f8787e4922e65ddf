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

/// Sessions: listed, looked at, ended (SES-07).
struct SessionRoutes {
    private let parts: Parts
    private let sessions = Resource<SessionDetail>.sessions

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try sessions.reading(parts) + [disconnect] } }

    /// An intent: whoever talks to NASes carries it out and tells the operation what became of it.
    private var disconnect: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/radius/sessions/{id:uuid}/disconnect",
            operationID: "disconnectSession",
            metadata: Access(
                .permission(.radiusDisconnect),
                repetition: .keyed,
                operation: Operation(
                    "sessions",
                    "Asks for the end of a session; the operation tells what became of it.",
                    status: 202,
                    .data(Resource<StoredOperation>.operations.schema)
                )
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
                        kind: "session_disconnect",
                        resourceType: "session",
                        resourceID: session.id.value,
                        customerID: session.customerID,
                        requestedBy: work.caller.audit.actor.id
                    )
                )
                try await announce(session, operation, work, trace)
                work.record(
                    .disconnect,
                    AuditResource("session", session.id),
                    of: session.tenantID,
                    .created(["operation_id": .text(operation.id.description), "username": .text(session.username)])
                )
                let operations = Resource<StoredOperation>.operations
                var response = try operations.answer(operation, to: request, status: .accepted)
                response.headers["location"] = HeaderValue(withoutControls: "\(operations.path)/\(operation.id)")
                return response
            }
        }
    }

    private func announce(
        _ session: SessionDetail,
        _ operation: StoredOperation,
        _ work: Work,
        _ trace: String
    ) async throws {
        let change = IdentityChange(
            now: parts.time.now(),
            ids: parts.ids,
            correlationID: work.caller.origin.correlationID,
            traceparent: trace
        )
        let intent = DisconnectRequested(
            admissionID: session.admissionID,
            nasID: session.nasID,
            serviceID: session.serviceID,
            reason: .requested,
            sessionID: session.id,
            operationID: operation.id
        )
        try await work.transaction.announce(intent, tenant: session.tenantID, about: session.id.value, change)
    }
}
