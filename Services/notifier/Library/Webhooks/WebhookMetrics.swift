import Domain
import Observability
import Persistence

/// What becomes of webhooks. No endpoint, host or tenant is a label.
struct WebhookMetrics: Sendable {
    private let leading: GaugeCell
    private let pending: GaugeCell
    private let held: GaugeCell
    private let oldest: GaugeCell
    private let endpoints: Gauge
    let lag: GaugeCell
    let planned: CounterCell
    let unreadable: CounterCell
    let missed: CounterCell
    private let attempts: Counter
    private let ended: Counter
    private let seconds: HistogramCell

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge("webhooks_leading", "1 while this process sends webhooks.").with()
        pending = registry.gauge("webhooks_pending", "Deliveries that wait or are under way.").with()
        held = registry.gauge("webhooks_held", "Deliveries that wait for a disabled endpoint.").with()
        oldest = registry.gauge("webhooks_oldest_seconds", "Since when the oldest pending one waits.").with()
        endpoints = registry.gauge("webhooks_endpoints", "Endpoints.", labels: ["state"])
        lag = registry.gauge("webhooks_stream_lag", "Messages of the stream that were not read yet.").with()
        planned = registry.counter("webhooks_planned_total", "Deliveries that were written.").with()
        unreadable = registry.counter("webhooks_unreadable_total", "Events that could not be told.").with()
        missed = registry.counter("webhooks_missed_total", "Messages that the stream removed before they were read.")
            .with()
        attempts = registry.counter("webhooks_attempts_total", "Requests to receivers.", labels: ["outcome"])
        ended = registry.counter("webhooks_disabled_total", "Endpoints that were disabled.", labels: ["reason"])
        seconds = registry.histogram("webhooks_attempt_seconds", "How long a receiver took.").with()
    }

    func leads() { leading.set(1) }

    func tell(_ figures: WebhookFigures, at now: Timestamp) {
        pending.set(Double(figures.pending))
        held.set(Double(figures.held))
        oldest.set(Double(figures.oldest.map { max(0, now.microseconds(since: $0)) } ?? 0) / 1e6)
        endpoints.with("enabled").set(Double(figures.enabled))
        endpoints.with("disabled").set(Double(figures.disabled))
        endpoints.with("failing").set(Double(figures.failing))
    }

    func sent(_ outcome: WebhookOutcome, in time: Duration) {
        let word =
            switch outcome.end {
            case .delivered: "delivered"
            case .failed: "failed"
            case .again: "again"
            case .held: "held"
            }
        attempts.with(word).add()
        seconds.observe(time)
    }

    func disabled(_ reason: String) { ended.with(reason).add() }

    /// This process does not send: another one's figures count.
    func rests() {
        leading.set(0)
        lag.set(0)
        tell(WebhookFigures(), at: .epoch)
    }
}
