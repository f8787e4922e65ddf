import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// The brake of this process before the sessions that it would end by comparing them (``DisconnectBrake``), with its clock, figures and voice.
///
/// It is in the memory of the process that leads: the next one begins with an empty one.
final class SessionBrake: Sendable {
    private struct State: Sendable {
        var brake: DisconnectBrake
        /// Where it was told to hold.
        var told: Set<DisconnectBrake.Scope> = []
    }

    private let state: Mutex<State>
    private let window: Duration
    private let now: @Sendable () -> Timestamp
    private let health: HealthComponent
    private let logger: Logger

    /// `clock` is one that no step of the wall's clock moves.
    init(
        _ rules: DisconnectBrake.Rules,
        clock: @escaping @Sendable () -> Timestamp,
        registry: MetricsRegistry,
        health: HealthComponent,
        logger: Logger
    ) {
        state = Mutex(State(brake: DisconnectBrake(rules)))
        window = rules.window
        now = clock
        self.health = health
        self.logger = logger
        health.set(.ready)
        registry.gauge(
            "enforcement_brake_holding",
            "Tenants and NASes of which no further sessions are ended by comparison: too many were to end at once.",
            labels: ["scope"]
        ) { [self] in
            let scopes = holding().keys
            let tenants = scopes.count(where: \.isTenant)
            return [
                MetricSample(["tenant"], Double(tenants)), MetricSample(["nas"], Double(scopes.count - tenants)),
            ]
        }
        registry.gauge("enforcement_brake_held", "Sessions that are not ended because of it.", labels: []) { [self] in
            let held = state.withLock { [now = now()] in $0.brake.held(at: now) }
            return [MetricSample([], Double(held))]
        }
    }

    /// Nil where that session may be ended now; else for how long its order waits before it is tried again, some longer than others.
    func pause(_ session: SessionRef, on nas: NASID) -> Duration? {
        let now = now()
        let (isFree, begun) = state.withLock { state in
            guard !state.brake.lets(session.id, of: session.tenantID, on: nas, at: now) else {
                return (true, [DisconnectBrake.Scope]())
            }
            let scopes = [DisconnectBrake.Scope.tenant(session.tenantID), .nas(session.tenantID, nas)]
            let begun = scopes.filter { scope in
                state.brake.standing(scope, at: now).holdsSince != nil && state.told.insert(scope).inserted
            }
            return (false, begun)
        }
        if !begun.isEmpty { tell(begun) }
        return isFree ? nil : .microseconds(window.wholeMicroseconds * Int64.random(in: 10...40) / 10)
    }

    /// So many sessions are live on each NAS. Tells where it holds no more.
    func count(_ live: [NASRef: Int]) {
        let now = now()
        let (ended, holds) = state.withLock { state in
            state.brake.count(live.map { ($0.key.tenantID, $0.key.id, $0.value) }, at: now)
            let holding = state.brake.holding(at: now)
            let ended = state.told.filter { holding[$0] == nil }
            state.told.subtract(ended)
            return (ended, !holding.isEmpty)
        }
        for scope in ended { logger.info("sessions are ended again as they should be", scope.fields) }
        if !holds { health.set(.ready) }
    }

    /// Somebody lets the sessions of that NAS go.
    func release(_ nas: NASRef) {
        let now = now()
        let isOver = state.withLock { state in
            state.brake.release(nas.tenantID, nas.id, at: now)
            state.told.subtract([.tenant(nas.tenantID), .nas(nas.tenantID, nas.id)])
            return state.brake.holding(at: now).isEmpty
        }
        logger.warn("sessions that were held back are let go", DisconnectBrake.Scope.nas(nas.tenantID, nas.id).fields)
        if isOver { health.set(.ready) }
    }

    /// How it stands before the sessions of a NAS: the NAS's own, or its tenant's where that one holds.
    func standing(_ nas: NASRef) -> DisconnectBrake.Standing {
        let now = now()
        return state.withLock { state in
            var own = state.brake.standing(.nas(nas.tenantID, nas.id), at: now)
            let all = state.brake.standing(.tenant(nas.tenantID), at: now)
            own.holdsSince = [own.holdsSince, all.holdsSince].compactMap(\.self).min()
            return own
        }
    }

    func holding() -> [DisconnectBrake.Scope: DisconnectBrake.Standing] {
        let now = now()
        return state.withLock { $0.brake.holding(at: now) }
    }

    /// Another process leads: what this one held is its business no more. What it counted stays, lest a process that loses and
    /// takes the lead again and again ends as many each time.
    func rests() {
        state.withLock { $0.told = [] }
        health.set(.ready)
    }

    private func tell(_ scopes: [DisconnectBrake.Scope]) {
        for scope in scopes {
            logger.error("too many sessions are to be ended at once; the rest is held back", scope.fields)
        }
        health.set(.degraded("brake: too many sessions are to be ended at once"))
    }
}

extension DisconnectBrake.Scope {
    fileprivate var isTenant: Bool { if case .tenant = self { true } else { false } }

    fileprivate var fields: LogFields {
        switch self {
        case .tenant(let tenant): ["tenant.id": .string("\(tenant)")]
        case .nas(let tenant, let nas): ["tenant.id": .string("\(tenant)"), "nas.id": .string("\(nas)")]
        }
    }
}
