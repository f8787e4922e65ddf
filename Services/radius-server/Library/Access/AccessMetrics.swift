import Domain
import Observability

/// Access figures by tenant (OBS-01, OBS-02).
struct AccessMetricFamilies: Sendable {
    let results: Counter
    let duration: Histogram

    init(_ registry: MetricsRegistry) {
        results = registry.counter(
            "radius_auth_total",
            "Access-Requests decided, by tenant, result and reason",
            labels: ["tenant", "result", "reason"]
        )
        duration = registry.histogram(
            "radius_auth_duration_seconds",
            "From receipt of an Access-Request to its decision",
            labels: ["tenant"],
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
        )
    }
}

/// One tenant's cells, resolved once so that a packet costs no look-up by label.
struct TenantAccessMetrics {
    let accepted: CounterCell
    let rejected: [CounterCell]
    let duration: HistogramCell

    init(_ families: AccessMetricFamilies, tenant: UUID128) {
        let name = tenant.description
        accepted = families.results.with(name, "accept", "ok")
        rejected = RejectReason.allCases.map { families.results.with(name, "reject", "\($0.name)") }
        duration = families.duration.with(name)
    }
}
