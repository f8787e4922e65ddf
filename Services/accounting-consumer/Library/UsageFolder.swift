import Concurrency
import Lifecycle
import Observability
import Persistence

/// Folds pending usage into the days, now and then: see `PendingUsage`.
struct UsageFolder: Lifecycle.Service {
    let usage: PendingUsage
    let metrics: ConsumerMetrics
    let logger: Logger
    /// The pause between two rounds.
    let interval: Duration
    /// Commits in one transaction at most: a million deltas, a second's work.
    private let batch = 1_000

    init(usage: PendingUsage, metrics: ConsumerMetrics, logger: Logger, interval: Duration) {
        self.usage = usage
        self.metrics = metrics
        self.logger = logger
        self.interval = interval
    }

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            do throws(StorageFault) {
                while try await fold() == batch {}
            } catch {
                logger.warn("daily usage waits", ["error": .string(error.reason)])
            }
            try await rest(for: interval)
        }
    }

    private func fold() async throws(StorageFault) -> Int {
        let began = SystemClock.monotonicNanoseconds()
        let commits = try await usage.fold(limit: batch)
        if commits > 0 {
            metrics.usageFolded.add(commits)
            metrics.usageFoldSeconds.observe(nanoseconds: SystemClock.monotonicNanoseconds() - began)
        }
        return commits
    }
}
