import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence
import WireFormat

/// Puts the beginning and the end of every session on record in its tenant's audit trail (AUD-06).
///
/// Behind the accounting, from the stream: a storm of logins makes the trail late and nothing else.
struct SessionTrail: Lifecycle.Service {
    let consumer: EventConsumer
    let pipeline: AuditPipeline
    let recorded: CounterCell

    init(consumer: EventConsumer, pipeline: AuditPipeline, metrics: MetricsRegistry) {
        self.consumer = consumer
        self.pipeline = pipeline
        recorded = metrics.counter(
            "audit_sessions_total",
            "Beginnings and ends of sessions put on record in the audit trail",
            labels: []
        ).with()
    }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run { deliveries in
                recorded.add(try await pipeline.append(try deliveries.compactMap { try Self.entry($0.payload) }))
            }
        } onShutdown: {
            consumer.stop()
        }
        await consumer.close()
    }

    /// What stands in the trail for an event; nil for other events of sessions.
    static func entry(_ payload: [UInt8]) throws(JSONError) -> AuditEntry? {
        let envelope = try EventEnvelope(decoding: payload)
        var reader = JSONReader(envelope.data)
        switch envelope.type {
        case SessionStarted.type:
            let started = try SessionStarted(from: &reader)
            return entry(
                .sessionStart,
                envelope,
                started.session,
                ["started_at": .described(started.startedAt), "reopened": .bool(started.reopened)]
            )
        case SessionStopped.type:
            let stopped = try SessionStopped(from: &reader)
            return entry(
                .sessionStop,
                envelope,
                stopped.session,
                [
                    "started_at": .described(stopped.startedAt), "ended_at": .described(stopped.endedAt),
                    "closed_by": .text(stopped.closedBy.rawValue), "terminate_cause": .optional(stopped.terminateCause),
                    "session_seconds": .integer(stopped.sessionSeconds), "input_octets": .integer(stopped.inputOctets),
                    "output_octets": .integer(stopped.outputOctets), "amended": .bool(stopped.amended),
                ]
            )
        default: return nil
        }
    }

    /// The event's id is the entry's: it is the same on every resend. The address is the session's own, where it has one.
    private static func entry(
        _ action: AuditAction,
        _ envelope: EventEnvelope,
        _ session: SessionIdentity,
        _ more: [String: AuditValue]
    ) -> AuditEntry {
        var origin = AuditOrigin.system(requestID: envelope.correlationID ?? session.admissionID?.description)
        if let customer = session.customerID { origin.actor = .subscriber(customer.value) }
        let own = session.framedIPv4 ?? session.framedIPv6Address
        if let address = own.flatMap(IPAddress.init) { origin.address = address }
        let facts: [String: AuditValue] = [
            "username": .text(session.username), "nas_id": .described(session.nasID),
            "service_id": .described(session.serviceID), "acct_session_id": .text(session.acctSessionID),
            "calling_station_id": .text(session.callingStationID), "framed_ipv4": .optional(session.framedIPv4),
            "framed_ipv6_prefix": .optional(session.framedIPv6Prefix),
            "delegated_ipv6_prefix": .optional(session.delegatedIPv6Prefix),
        ]
        return AuditEntry(
            id: AuditEntryID(envelope.id.value),
            tenantID: envelope.tenantID,
            origin: origin,
            action: action,
            resource: AuditResource("session", session.sessionID),
            change: .created(.object(facts.merging(more) { _, new in new })),
            time: envelope.time
        )
    }

    /// What a failure of the database means for the events.
    static func failure(of error: any Error) -> HandlingFailure {
        if error is JSONError { return .message }
        return HandlingFailure(storing: error)
    }
}
