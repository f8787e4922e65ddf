package import Observability

/// The adapter's metrics. One per registry.
package struct ObjectStorageMetrics: Sendable {
    private let requests: Counter
    private let retries: CounterCell
    private let sent: CounterCell

    /// Registers `storage_requests_total`, `storage_retries_total` and `storage_sent_octets_total`.
    package init(_ registry: MetricsRegistry) {
        requests = registry.counter(
            "storage_requests_total",
            "Attempts at requests to the object store, by operation and outcome: a status, or why there was none.",
            labels: ["operation", "outcome"]
        )
        retries = registry.counter(
            "storage_retries_total",
            "Attempts at requests to the object store beyond the first."
        ).with()
        sent = registry.counter("storage_sent_octets_total", "Octets of objects that the store took.").with()
    }

    func answered(_ operation: String, _ outcome: String) { requests.with(operation, outcome).add(1) }
    func retried() { retries.add(1) }
    func took(_ octets: Int) { sent.add(octets) }
}
