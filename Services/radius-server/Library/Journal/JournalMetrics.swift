import Observability

/// The journal's figures.
struct JournalMetrics: Sendable {
    let records: CounterCell
    let octets: CounterCell
    let failures: CounterCell
    let syncSeconds: HistogramCell
    let segments: GaugeCell
    let refusing: GaugeCell
    let pending: GaugeCell
    let published: CounterCell
    let republished: CounterCell

    init(_ registry: MetricsRegistry) {
        records = registry.counter("journal_records_total", "Accounting packets made durable", labels: []).with()
        octets = registry.counter("journal_octets_total", "Octets written to the journal", labels: []).with()
        failures = registry.counter(
            "journal_failures_total",
            "Batches that could not be made durable and were left unanswered",
            labels: []
        ).with()
        syncSeconds = registry.histogram(
            "journal_sync_seconds",
            "Time to write and fdatasync one batch",
            labels: [],
            buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1]
        ).with()
        segments = registry.gauge("journal_segments", "Segment files kept", labels: []).with()
        refusing = registry.gauge(
            "journal_refusing",
            "1 while accounting is left unanswered because the journal cannot be written",
            labels: []
        ).with()
        pending = registry.gauge(
            "journal_pending_octets",
            "Octets of the journal that JetStream has not acknowledged",
            labels: []
        ).with()
        published = registry.counter(
            "journal_published_total",
            "Records handed to JetStream, repeats included",
            labels: []
        ).with()
        republished = registry.counter(
            "journal_rewinds_total",
            "Times publishing began again from an earlier place",
            labels: []
        ).with()
    }
}
