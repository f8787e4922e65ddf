import Billing
import Concurrency
import Domain
import Ledger
import Observability

/// What the lanes' part of the daemon counts.
struct LaneMetrics: Sendable {
    private let leading: Gauge
    private let commands: Counter
    private let batches: HistogramCell
    private let sizes: HistogramCell

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge(
            "ledger_lane_leading",
            "1 while this process writes the lane.",
            labels: ["operator", "currency"]
        )
        commands = registry.counter(
            "ledger_commands_total",
            "Commands answered, by what was decided: the ledger's verdicts, repeated, key_reused, or why a command cannot be meant.",
            labels: ["outcome"]
        )
        batches = registry.histogram("ledger_commit_seconds", "From a batch's transfers to their commit.").with()
        sizes = registry.histogram(
            "ledger_batch_commands",
            "Commands of a batch.",
            buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500]
        ).with()
    }

    func leads(_ lane: Lane, _ isLeading: Bool) {
        leading.with(lane.rootID.description, lane.currency.code).set(isLeading ? 1 : 0)
    }

    func committed(_ count: Int, since began: UInt64) {
        batches.observe(Double(SystemClock.monotonicNanoseconds() - began) / 1e9)
        sizes.observe(Double(count))
    }

    func answered(_ outcome: MoneyAnswer.Outcome) {
        let word =
            switch outcome {
            case .decided(let verdict, _, let isRepeated): isRepeated ? "repeated" : verdict.rawValue
            case .keyReused: "key_reused"
            case .invalid(let flaw): flaw.rawValue
            }
        commands.with(word).add(1)
    }
}
