import Domain
import Lifecycle
import Observability
import Persistence

/// What time does to quotas: lets services be again when their windows end, extends windows by what was bought, and once a day looks
/// at all open windows anew (FUP-04).
struct QuotaUpkeep: Lifecycle.Service {
    /// Services of one commit at most.
    static let page = 1000
    /// When the daily sweep begins, by UTC.
    static let sweepHour: Int64 = 6

    let store: QuotaStore
    let isLeading: @Sendable () -> Bool
    let clock: TimeSource
    let metrics: QuotaMetrics
    let logger: Logger
    var interval = Duration.milliseconds(500)

    func run() async throws {
        var swept = Self.sweepDay(clock.now())
        try await repeating(every: interval, logger, "windows of quotas wait") {
            guard isLeading() else { return }
            try await look()
            let day = Self.sweepDay(clock.now())
            if day > swept {
                try await sweep()
                swept = day
            }
        }
    }

    /// The day whose sweep has begun at an instant.
    static func sweepDay(_ now: Timestamp) -> CivilDate {
        now.adding(microseconds: -sweepHour * 3_600_000_000).day
    }

    /// Windows that are over, and what was bought.
    func look() async throws {
        var found = Self.page
        while found == Self.page {
            let now = clock.now()
            let due = try await store.due(now: now, limit: Self.page)
            found = due.count
            if !due.isEmpty { metrics.done(try await store.review(due, now: now)) }
        }
        metrics.done(try await store.applyTopUps(now: clock.now(), limit: Self.page))
    }

    /// Looks at every service that has an open window. What it finds to do was missed before.
    func sweep() async throws {
        var last: ServiceRef?
        var missed = QuotaCommit()
        repeat {
            let now = clock.now()
            let services = try await store.watched(after: last, now: now, limit: Self.page)
            last = services.count == Self.page ? services.last : nil
            let commit = try await store.review(services, now: now)
            metrics.done(commit)
            metrics.corrected(commit)
            missed.crossings += commit.crossings
            missed.throttled += commit.throttled
            missed.blocked += commit.blocked
            missed.restored += commit.restored
            missed.ordered += commit.ordered
        } while last != nil
        guard missed.didAnything else { return logger.info("quotas were swept", [:]) }
        logger.error(
            "the daily sweep of quotas found what was missed",
            [
                "crossings": .int(missed.crossings), "throttled": .int(missed.throttled),
                "blocked": .int(missed.blocked), "restored": .int(missed.restored),
            ]
        )
    }
}
