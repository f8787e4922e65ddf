import Domain
import Lifecycle
import Notices
import Observability
import Persistence

/// Tells what is held, as soon as it may be: one alarm as itself, a storm of them as one digest (NTF-07). Any number of processes may: of
/// one group one of them makes a digest at a time.
struct DigestService: Lifecycle.Service {
    let gatherings: any NoticeGathering
    let gathering: Gathering
    let interval: Duration
    let zone: @Sendable (String) -> TimeZoneRules?
    let time: TimeSource
    let metrics: DigestMetrics
    let health: HealthComponent
    let logger: Logger

    /// Groups of one look.
    static let page = 500

    func run() async throws {
        try await repeating(
            every: interval,
            logger,
            "alarms wait to be told",
            failed: { health.set(.degraded("digests: \($0)")) },
            {
                try await look()
                health.set(.ready)
            }
        )
    }

    /// All that is held, once. One group's fault keeps no other waiting: it is thrown when all were looked at.
    func look() async throws(StorageFault) {
        var last = HeldGroup.Key.first
        var fault: StorageFault?
        while !GracefulShutdown.isShuttingDown {
            let groups = try await gatherings.groups(
                after: last,
                limit: Self.page,
                rest: gathering.rest,
                at: time.now()
            )
            for group in groups {
                let now = time.now()
                if case .hold = decision(on: group, at: now) { continue }
                do throws(StorageFault) {
                    metrics.told(
                        try await gatherings.tell(
                            group.key,
                            rest: gathering.rest,
                            at: now,
                            validity: NoticeKind.digest.terms.validity,
                            decide: { decision(on: $0, at: now) }
                        )
                    )
                } catch {
                    guard error.blamesData else { throw error }
                    fault = error
                }
                if GracefulShutdown.isShuttingDown { break }
            }
            guard groups.count == Self.page, let next = groups.last else { break }
            last = next.key
        }
        if let fault { throw fault }
    }

    /// What is told at any hour, and what stands in the pages, waits for nobody to wake.
    func decision(on group: HeldGroup, at now: Timestamp) -> Gathering.Decision {
        var held = group.held
        let passes = group.key.digestKey == NoticeKind.Category.security.rawValue
        if !passes, group.key.channel != NoticeChannel.inApp.rawValue, let from = group.quietFrom,
            let until = group.quietUntil
        {
            held.quietUntil = QuietHours(from: from, until: until).end(after: now, zone: group.timeZone.flatMap(zone))
        }
        return gathering.decision(on: held, at: now)
    }
}

/// What becomes of alarms that are held.
struct DigestMetrics: Sendable {
    private let digests: CounterCell
    private let digested: CounterCell

    init(_ registry: MetricsRegistry) {
        digests = registry.counter("notices_digests_total", "Digests that were written.").with()
        digested = registry.counter("notices_digested_total", "Notices that are told within a digest.").with()
    }

    func told(_ result: GatheringResult) {
        guard result.digested > 0 else { return }
        digests.add(1)
        digested.add(result.digested)
    }
}
