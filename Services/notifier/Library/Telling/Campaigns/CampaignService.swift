import Domain
import Lifecycle
import Notices
import Observability
import Persistence

/// Tells the customers of announcements, each at its pace (NTF-02). Any number of processes may: of one announcement one of them takes a
/// step at a time.
struct CampaignService: Lifecycle.Service {
    let steps: any CampaignStepping
    let interval: Duration
    let zone: @Sendable (String) -> TimeZoneRules?
    let time: TimeSource
    let metrics: CampaignMetrics
    let health: HealthComponent
    let logger: Logger

    /// Announcements of one look, and customers of one step: a step is one commit.
    static let page = 100
    static let most = 200

    func run() async throws {
        try await repeating(
            every: interval,
            logger,
            "announcements wait",
            failed: { health.set(.degraded("campaigns: \($0)")) },
            {
                try await look()
                metrics.tell(try await steps.standing())
                health.set(.ready)
            }
        )
    }

    /// One step of each that is due, and again while any had more than one step's worth to tell. One announcement's fault keeps no other
    /// waiting: it is thrown when all were looked at.
    func look() async throws(StorageFault) {
        var fault: StorageFault?
        var isMore = true
        while isMore, !GracefulShutdown.isShuttingDown {
            let due = try await steps.due(at: time.now(), limit: Self.page)
            isMore = false
            for ref in due {
                do throws(StorageFault) {
                    if let step = try await step(ref) {
                        isMore = isMore || step.recipients == Self.most || due.count == Self.page
                    }
                } catch {
                    guard error.blamesData else { throw error }
                    fault = error
                }
                if GracefulShutdown.isShuttingDown { break }
            }
        }
        if let fault { throw fault }
    }

    private func step(_ ref: CampaignRef) async throws(StorageFault) -> CampaignStep? {
        let now = time.now()
        let zone = zone
        let step = try await steps.step(ref, at: now, most: Self.most) { campaign, recipient in
            let clock = recipient.addressee.timeZone.flatMap(zone)
            return CampaignPlanning.rows(campaign, to: recipient, zone: clock, at: now)
        }
        guard let step else { return nil }
        metrics.stepped(step)
        if step.isLast {
            logger.info("an announcement came to its end", ["campaign": .string("\(ref.id)")])
        }
        return step
    }
}

/// How announcements go. None of them, and no tenant, is a label.
struct CampaignMetrics: Sendable {
    private let standing: Gauge
    private let recipients: Counter
    private let completed: CounterCell

    init(_ registry: MetricsRegistry) {
        standing = registry.gauge("notices_campaigns", "Announcements by state.", labels: ["state"])
        recipients = registry.counter(
            "notices_campaign_recipients_total",
            "Customers that announcements were for.",
            labels: ["outcome"]
        )
        completed = registry.counter("notices_campaigns_completed_total", "Announcements that came to their end.")
            .with()
    }

    func stepped(_ step: CampaignStep) {
        recipients.with("planned").add(step.recipients - step.skipped)
        recipients.with("skipped").add(step.skipped)
        if step.isLast { completed.add(1) }
    }

    func tell(_ states: [CampaignState: Int]) {
        for state in [CampaignState.running, .paused] { standing.with(state.rawValue).set(Double(states[state] ?? 0)) }
    }
}
