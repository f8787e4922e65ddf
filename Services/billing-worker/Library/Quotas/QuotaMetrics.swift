import Observability
import Persistence

/// What the part of the daemon that counts quotas counts.
struct QuotaMetrics: Sendable {
    private let leading: GaugeCell
    private let uses: Counter
    private let unreadable: CounterCell
    private let crossings: CounterCell
    private let changes: Counter
    private let charges: Counter
    private let missed: CounterCell

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge("quota_leading", "1 while this process counts what quotas limit.").with()
        uses = registry.counter(
            "quota_uses_total",
            "Deltas of usage that were counted, or were of services that are gone.",
            labels: ["outcome"]
        )
        unreadable = registry.counter("quota_unreadable_total", "Usage events that could not be read.").with()
        crossings = registry.counter("quota_crossings_total", "Thresholds of quotas that were told.").with()
        changes = registry.counter(
            "quota_access_changes_total",
            "Services that quotas throttled, blocked, or let be again.",
            labels: ["effect"]
        )
        charges = registry.counter(
            "quota_charges_total",
            "Charges for overage and top-ups, by what became of them: ordered, posted, refused, or unknown as yet.",
            labels: ["outcome"]
        )
        missed = registry.counter(
            "quota_sweep_corrections_total",
            "What the daily sweep found that should have been done before: each one is a fault."
        ).with()
    }

    func leads(_ isLeading: Bool) { leading.set(isLeading ? 1 : 0) }

    func done(_ commit: QuotaCommit) {
        if commit.counted > 0 { uses.with("counted").add(commit.counted) }
        if commit.lost > 0 { uses.with("gone").add(commit.lost) }
        if commit.ordered > 0 { charges.with("ordered").add(commit.ordered) }
        crossings.add(commit.crossings)
        for (effect, count) in [
            ("throttled", commit.throttled), ("blocked", commit.blocked), ("restored", commit.restored),
        ] where count > 0 {
            changes.with(effect).add(count)
        }
    }

    func unread() { unreadable.add(1) }
    func charged(_ outcome: String) { charges.with(outcome).add(1) }
    func corrected(_ commit: QuotaCommit) {
        missed.add(commit.crossings + commit.throttled + commit.blocked + commit.restored + commit.ordered)
    }
}
