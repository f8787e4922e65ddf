import Domain
import Observability

/// What becomes of orders. No name, session or NAS is a label.
struct EnforcerMetrics: Sendable {
    let leading: GaugeCell
    let pending: GaugeCell
    let oldest: GaugeCell
    private let orders: Counter
    private let latency: Histogram

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge("enforcement_leading", "1 while this process carries orders out.").with()
        pending = registry.gauge("enforcement_pending", "Orders that no NAS has answered yet.").with()
        oldest = registry.gauge("enforcement_oldest_seconds", "Since when the oldest of them waits.").with()
        orders = registry.counter(
            "enforcement_orders_total",
            "Orders that ended.",
            labels: ["kind", "cause", "outcome"]
        )
        latency = registry.histogram(
            "enforcement_latency_seconds",
            "From the request to the NAS's acknowledgement.",
            labels: ["kind", "cause"]
        )
    }

    func ended(_ order: EnforcementOrder) {
        orders.with(order.kind.rawValue, order.cause.rawValue, order.state.rawValue).add()
    }

    func acknowledged(_ order: EnforcementOrder) {
        guard let answeredAt = order.answeredAt else { return }
        let wait = max(0, answeredAt.microseconds(since: order.requestedAt))
        latency.with(order.kind.rawValue, order.cause.rawValue).observe(.microseconds(wait))
    }

    /// This process does not carry orders out: another one's figures count.
    func rests() {
        leading.set(0)
        pending.set(0)
        oldest.set(0)
    }
}
