import Concurrency
import Domain
package import Observability

/// What the client counts. No name, session or address is a label.
package final class ControlMetrics: Sendable {
    let requests: Counter
    let refusals: Counter
    let retransmissions: CounterCell
    let roundTrip: Histogram
    let answers: [ControlEngine.Arrival: CounterCell]
    let openings: CounterCell
    let unsent: CounterCell
    let kernelDrops: CounterCell
    private let registry: MetricsRegistry

    /// Registers the metrics: once per registry.
    package init(_ registry: MetricsRegistry) {
        self.registry = registry
        requests = registry.counter(
            "coa_requests_total",
            "Requests by what became of them",
            labels: ["vendor", "kind", "outcome"]
        )
        refusals = registry.counter("coa_refusals_total", "NAKs by Error-Cause", labels: ["vendor", "kind", "cause"])
        retransmissions = registry.counter("coa_retransmissions_total", "Requests that were sent again").with()
        roundTrip = registry.histogram(
            "coa_round_trip_seconds",
            "From the first sending to the answer",
            labels: ["vendor", "kind"]
        )
        let arrivals = registry.counter(
            "coa_answers_total",
            "Datagrams by what they turned out to be",
            labels: ["result"]
        )
        answers = Dictionary(
            uniqueKeysWithValues: ControlEngine.Arrival.allCases.map { ($0, arrivals.with($0.rawValue)) }
        )
        openings = registry.counter("coa_breaker_openings_total", "How often a NAS's breaker opened").with()
        unsent = registry.counter("coa_unsent_total", "Datagrams that the kernel did not take").with()
        kernelDrops = registry.counter("coa_kernel_drops_total", "Answers that the kernel dropped: its buffer was full")
            .with()
    }

    /// Registers the levels that are asked for at each scrape.
    func watch(_ read: @escaping @Sendable () -> ControlClient.Levels) {
        registry.gauge("coa_outstanding", "Requests under way") { Double(read().outstanding) }
        registry.gauge("coa_waiting", "Requests that wait for their NAS") { Double(read().waiting) }
        registry.gauge("coa_breakers", "NASes by the state of their breaker", labels: ["state"]) {
            let breakers = read().breakers
            return CircuitBreaker.State.allCases.map { MetricSample([$0.rawValue], Double(breakers[$0] ?? 0)) }
        }
    }

    func count(_ order: ControlOrder, _ outcome: ControlOutcome, roundTrip nanoseconds: UInt64?) {
        let (vendor, kind) = (order.vendor.rawValue, order.request.kind.rawValue)
        requests.with(vendor, kind, outcome.label).add()
        if case .refused(let refusal) = outcome { refusals.with(vendor, kind, refusal.label).add() }
        if let nanoseconds { roundTrip.with(vendor, kind).observe(nanoseconds: nanoseconds) }
    }
}
