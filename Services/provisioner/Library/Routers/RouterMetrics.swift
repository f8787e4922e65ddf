import Domain
import Observability

/// What becomes of operations on routers. No name, service or router is a label.
struct RouterMetrics: Sendable {
    let leading: GaugeCell
    let pending: GaugeCell
    let oldest: GaugeCell
    let away: GaugeCell
    private let operations: Counter

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge("router_operations_leading", "1 while this process speaks to routers.").with()
        pending = registry.gauge("router_operations_pending", "Operations on routers that have not ended.").with()
        oldest = registry.gauge("router_operations_oldest_seconds", "Since when the oldest of them waits.").with()
        away = registry.gauge("router_operations_routers_away", "Routers that were not reached last.").with()
        operations = registry.counter(
            "router_operations_total",
            "Operations on routers that ended.",
            labels: ["kind", "outcome"]
        )
    }

    func ended(_ operation: RouterOperation) {
        operations.with(operation.kind.rawValue, operation.state.rawValue).add()
    }

    /// This process does not speak to routers: another one's figures count.
    func rests() {
        leading.set(0)
        pending.set(0)
        oldest.set(0)
        away.set(0)
    }
}
