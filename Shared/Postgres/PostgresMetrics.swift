import Concurrency
package import Observability

/// The adapter's metrics. One per registry, shared by every pool and session of the process.
package struct PostgresMetrics: Sendable {
    let idle, busy, leased, connecting: GaugeCell
    private let duration: HistogramCell

    /// Registers `db_pool_connections` and `db_query_duration_seconds`.
    package init(_ registry: MetricsRegistry) {
        let connections = registry.gauge(
            "db_pool_connections",
            "Connections of the database pool by state.",
            labels: ["state"]
        )
        idle = connections.with("idle")
        busy = connections.with("busy")
        leased = connections.with("leased")
        connecting = connections.with("connecting")
        duration = registry.histogram(
            "db_query_duration_seconds",
            "From handing a group of statements to the pool or session until its answer, in seconds."
        ).with()
    }

    /// Books a call that began at that reading of the monotonic clock.
    func observe(since started: UInt64) {
        duration.observe(.nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - started)))
    }
}
