import Concurrency
package import Observability

/// What the client counts. No router, name or address is a label.
package final class RouterOSMetrics: Sendable {
    private let requests: Counter
    private let roundTrip: Histogram
    private let failures: Counter
    private let registry: MetricsRegistry

    /// Registers the metrics: once per registry.
    package init(_ registry: MetricsRegistry) {
        self.registry = registry
        requests = registry.counter(
            "routeros_requests_total",
            "Commands by what became of them",
            labels: ["command", "outcome"]
        )
        roundTrip = registry.histogram(
            "routeros_round_trip_seconds",
            "From a command's sending to the end of its answer"
        )
        failures = registry.counter(
            "routeros_connection_failures_total",
            "Connections that could not be made, or ended otherwise than by our will",
            labels: ["reason"]
        )
    }

    /// Registers the levels that are asked for at each scrape.
    func watch(_ read: @escaping @Sendable () -> RouterOSClient.Levels) {
        registry.gauge("routeros_connections", "Connections to routers, those being opened too") {
            Double(read().connections)
        }
        registry.gauge("routeros_waiting", "Commands that wait for a connection") { Double(read().waiting) }
        registry.gauge("routeros_breakers", "Routers by the state of their breaker", labels: ["state"]) {
            let breakers = read().breakers
            return CircuitBreaker.State.allCases.map { MetricSample([$0.rawValue], Double(breakers[$0] ?? 0)) }
        }
    }

    /// The command is its path, of which there are as many as the program knows.
    func count(_ command: String, _ result: Result<RouterAnswer, RouterOSError>, nanoseconds: UInt64?) {
        switch result {
        case .success: requests.with(command, "done").add()
        case .failure(let error): requests.with(command, error.code.rawValue).add()
        }
        if let nanoseconds { roundTrip.with().observe(nanoseconds: nanoseconds) }
    }

    func count(_ failure: RouterOSError) { failures.with(failure.code.rawValue).add() }
}
