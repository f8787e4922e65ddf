package import Observability

/// What is counted of exports that gateways carry out.
package struct ExportMetrics: Sendable {
    private let ended: Counter
    private let rows: CounterCell
    let running: GaugeCell

    /// How an attempt ended.
    enum Outcome: String {
        case completed, failed
        /// It was cancelled, or somebody else has it.
        case lost
        /// It is tried again.
        case postponed
    }

    package init(_ registry: MetricsRegistry) {
        ended = registry.counter(
            "gateway_exports_total",
            "Attempts at exports that ended, by outcome: completed, failed, lost or postponed.",
            labels: ["outcome"]
        )
        rows = registry.counter("gateway_export_rows_total", "Rows of exports that were completed.").with()
        running = registry.gauge("gateway_exports_running", "Exports that this gateway carries out now.", labels: [])
            .with()
    }

    func ended(_ outcome: Outcome) { ended.with(outcome.rawValue).add(1) }
    func wrote(_ count: Int64) { rows.add(Int(count)) }
}
