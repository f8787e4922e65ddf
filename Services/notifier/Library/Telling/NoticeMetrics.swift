import Domain
import Notices
import Observability
import Persistence

/// What becomes of notices. No recipient, tenant or provider is a label.
struct NoticeMetrics: Sendable {
    private let waiting: Gauge
    private let ended: Counter
    private let attempts: Counter
    private let seconds: Histogram
    let planned: CounterCell
    let unusable: CounterCell
    let lapsed: CounterCell

    init(_ registry: MetricsRegistry) {
        waiting = registry.gauge("notices_waiting", "Notices that wait.", labels: ["priority"])
        ended = registry.counter("notices_total", "Notices that were served.", labels: ["channel", "state"])
        attempts = registry.counter("notices_attempts_total", "Messages handed over.", labels: ["channel", "outcome"])
        seconds = registry.histogram("notices_attempt_seconds", "How long a provider took.", labels: ["channel"])
        planned = registry.counter("notices_planned_total", "Notices that were written.").with()
        unusable = registry.counter("notices_provider_unusable_total", "Providers that could not be spoken to.").with()
        lapsed = registry.counter("notices_lapsed_total", "Notices of which nobody knows whether they were sent.")
            .with()
    }

    func asked(_ channel: String, _ outcome: SendOutcome, in duration: Duration) {
        let word =
            switch outcome {
            case .accepted: "accepted"
            case .refused: "refused"
            case .failed: "failed"
            case .outage: "outage"
            case .unknown: "unknown"
            }
        attempts.with(channel, word).add(1)
        seconds.with(channel).observe(duration)
    }

    func recorded(_ record: NoticeRecord) { ended.with(record.notice.channel, record.state.rawValue).add(1) }

    func tell(_ depth: [Int: Int]) {
        for priority in 0...3 { waiting.with("\(priority)").set(Double(depth[priority] ?? 0)) }
    }
}
