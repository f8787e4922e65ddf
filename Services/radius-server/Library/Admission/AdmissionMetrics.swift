import Observability

/// What becomes of logins that ask for a session slot and addresses.
struct AdmissionMetrics: Sendable {
    let granted: CounterCell
    let grantedOffline: CounterCell
    let limited: CounterCell
    let mismatched: CounterCell
    let exhausted: CounterCell
    let unanswered: CounterCell
    let duration: HistogramCell
    let open: GaugeCell
    let replayed: CounterCell
    let conflicts: CounterCell
    let reserve: GaugeCell
    let sessions: GaugeCell
    let reportsLost: CounterCell

    init(_ registry: MetricsRegistry) {
        let outcomes = registry.counter(
            "radius_admissions_total",
            "Logins that passed every rule and asked for a session and addresses, by what became of them",
            labels: ["outcome"]
        )
        granted = outcomes.with("granted")
        grantedOffline = outcomes.with("granted_offline")
        limited = outcomes.with("session_limit")
        mismatched = outcomes.with("device_mismatch")
        exhausted = outcomes.with("pool_exhausted")
        unanswered = outcomes.with("unanswered")
        duration = registry.histogram(
            "radius_admission_seconds",
            "From asking Redis to its answer",
            labels: [],
            buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5]
        ).with()
        open = registry.gauge(
            "radius_redis_connections",
            "Connections to Redis that are asked and told: 0 means that sessions and addresses are decided from this server's own view",
            labels: []
        ).with()
        replayed = registry.counter(
            "radius_grants_replayed_total",
            "Grants told to Redis again after it was lost",
            labels: []
        ).with()
        conflicts = registry.counter(
            "radius_address_conflicts_total",
            "Granted addresses that turned out to be another service's",
            labels: []
        ).with()
        reserve = registry.gauge(
            "radius_address_reserve",
            "Addresses kept back for when Redis is away",
            labels: []
        ).with()
        sessions = registry.gauge("radius_sessions_known", "Sessions in this server's own view", labels: []).with()
        reportsLost = registry.counter(
            "radius_session_reports_lost_total",
            "Reports of sessions that Redis was never told, because it was away for too long",
            labels: []
        ).with()
    }
}
