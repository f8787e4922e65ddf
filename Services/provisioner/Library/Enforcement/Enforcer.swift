import Concurrency
import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence

/// Carries out what is asked of live sessions (PLT-35, COA-05). Any number of processes may run; one leads, by a lock of the
/// database, and the next one takes over when it is gone.
///
/// An intent is acknowledged when its order is stored; what a process had begun when it died is looked at again by the next. A
/// NAS may hear the same request twice then, never one for a session that is known to be over.
struct Enforcer: Lifecycle.Service {
    /// How it goes about it.
    struct Pace: Sendable {
        /// The pause between two looks at what is due and whose session ended.
        var interval: Duration
        /// Orders that are with their NAS, or wait for it, at a time.
        var inFlight: Int
        /// Orders that ended are kept so long.
        var retention: Duration
        /// What a NAS taught is believed so long.
        var lessons: Duration
    }

    let keeping: any EnforcementKeeping
    let conduct: Conduct
    let reconciling: Reconciling
    /// Read the intents; made when this process begins to lead.
    let intents: @Sendable () throws -> IntentConsumers
    let rules: EnforcementRules
    let pace: Pace
    let ids: IDGenerator
    let time: TimeSource
    let metrics: EnforcerMetrics
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        defer { rest() }
        try await repeating(
            every: .seconds(1),
            logger,
            "orders wait",
            failed: { health.set(.degraded("orders: \($0)")) },
            {
                guard try await keeping.lead() else {
                    rest()
                    return health.set(.ready)
                }
                metrics.leading.set(1)
                health.set(.ready)
                logger.info("orders are carried out here")
                defer { rest() }
                try await Reign(self).run()
            }
        )
    }

    /// Another process's figures count.
    private func rest() {
        metrics.rests()
        reconciling.metrics.rests()
        reconciling.brake.rests()
    }

    /// What an intent asks for; nil where it names no session in any way.
    static func order(_ event: Event<DisconnectRequested>, storedAt: Timestamp) -> EnforcementOrder? {
        let intent = event.payload
        guard intent.sessionID != nil || intent.admissionID != nil else { return nil }
        return EnforcementOrder(
            tenantID: event.tenantID,
            id: EnforcementID(event.id.value),
            kind: .disconnect,
            cause: cause(intent.reason),
            nasID: intent.nasID,
            sessionID: intent.sessionID,
            admissionID: intent.admissionID,
            serviceID: intent.serviceID,
            operationID: intent.operationID,
            correlationID: event.correlationID,
            traceparent: event.traceparent,
            requestedAt: event.time,
            storedAt: storedAt
        )
    }

    /// What somebody asks for who wants a session to have what it should.
    static func order(_ event: Event<ReconcileRequested>, storedAt: Timestamp) -> EnforcementOrder {
        EnforcementOrder(
            tenantID: event.tenantID,
            id: EnforcementID(event.id.value),
            kind: .change,
            cause: .requested,
            nasID: event.payload.nasID,
            sessionID: event.payload.sessionID,
            serviceID: event.payload.serviceID,
            operationID: event.payload.operationID,
            correlationID: event.correlationID,
            traceparent: event.traceparent,
            requestedAt: event.time,
            storedAt: storedAt
        )
    }

    private static func cause(_ reason: DisconnectRequested.Reason) -> EnforcementCause {
        switch reason {
        case .sessionLimit: .sessionLimit
        case .requested: .requested
        }
    }

    /// What a failure means for the intents.
    static func failure(_ error: any Error) -> HandlingFailure {
        if error is NamesNoSession { return .message }
        return (error as? StorageFault)?.blamesData == true ? .message : .outage
    }
}

/// Readers of what is asked for.
struct IntentConsumers: Sendable {
    let disconnects: EventConsumer
    let reconciliations: EventConsumer

    func stop() { for consumer in [disconnects, reconciliations] { consumer.stop() } }

    func close() async { for consumer in [disconnects, reconciliations] { await consumer.close() } }
}

/// An intent that means nobody.
struct NamesNoSession: Error, CustomStringConvertible {
    let description = "the intent names neither a session nor an admission"
}
