import Observability

/// What the live tails tell about themselves.
struct LiveMetrics: Sendable {
    let events: CounterCell
    let unreadable: CounterCell
    let sent: Counter
    let skipped: CounterCell
    let histories: GaugeCell
    let refusedQuota: CounterCell
    let refusedHistory: CounterCell

    init(_ registry: MetricsRegistry) {
        events = registry.counter("live_events_total", "Events read from the stream for tails.").with()
        unreadable = registry.counter(
            "live_unreadable_total",
            "Messages of the stream that are no event, which no tail shows."
        ).with()
        sent = registry.counter("live_sent_total", "Events sent to clients.", labels: ["transport"])
        skipped = registry.counter(
            "live_skipped_total",
            "Messages that tails passed over because their client was slow; each was told."
        ).with()
        histories = registry.gauge("live_histories", "Tails that read the stream's history.").with()
        let refused = registry.counter("live_refused_total", "Tails that were refused.", labels: ["reason"])
        refusedQuota = refused.with("quota")
        refusedHistory = refused.with("history")
    }

    /// Asked for at each scrape.
    func watch(_ registry: MetricsRegistry, quota: LiveQuota) {
        registry.gauge("live_connections", "Open tails, of either transport.") { Double(quota.taken) }
    }
}
