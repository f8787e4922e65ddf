import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Keeps the hot table small: moves sessions that ended long ago to their month's partition, makes partitions ahead, and drops
/// those past their retention.
struct HistoryMover: Lifecycle.Service {
    let history: SessionHistory
    let metrics: ConsumerMetrics
    let logger: Logger
    let clock: TimeSource
    /// How long a closed session stays in the hot table.
    let after: Duration
    /// How many months of history are kept; nil for ever.
    let retentionMonths: Int?
    /// The pause between two rounds.
    let interval: Duration
    private let batch = 1_000

    init(
        history: SessionHistory,
        metrics: ConsumerMetrics,
        logger: Logger,
        clock: TimeSource,
        after: Duration,
        retentionMonths: Int?,
        interval: Duration
    ) {
        self.history = history
        self.metrics = metrics
        self.logger = logger
        self.clock = clock
        self.after = after
        self.retentionMonths = retentionMonths
        self.interval = interval
    }

    func run() async throws {
        var prepared: CivilDate?
        while !GracefulShutdown.isShuttingDown {
            let now = clock.now()
            do throws(StorageFault) {
                if prepared != now.day {
                    try await prepare(now.day)
                    prepared = now.day
                }
                try await move(endedBefore: now - after)
            } catch {
                logger.warn("session history waits", ["error": .string(error.reason)])
            }
            try await rest(for: interval)
        }
    }

    /// Once a day: this month's partitions of the history and of the audit trail and the next two, and retention.
    private func prepare(_ today: CivilDate) async throws(StorageFault) {
        try await history.ensurePartitions(from: today, months: 3)
        try await history.ensureAuditPartitions(from: today, months: 3)
        let forgotten = try await history.dropAuditPartitions(today: today)
        if forgotten > 0 { logger.info("audit trail dropped", ["partitions": .int(forgotten)]) }
        guard let retentionMonths else { return }
        let dropped = try await history.dropPartitions(before: today.adding(months: -retentionMonths))
        if dropped > 0 { logger.info("session history dropped", ["partitions": .int(dropped)]) }
    }

    private func move(endedBefore time: Timestamp) async throws(StorageFault) {
        guard let oldest = try await history.oldestEnded(before: time) else { return }
        try await history.ensurePartitions(from: oldest.day, months: oldest.day.months(through: time.day))
        while !GracefulShutdown.isShuttingDown {
            let result = try await history.move(endedBefore: time, limit: batch)
            metrics.sessionsMoved.add(result.moved)
            guard result.found == batch, result.moved > 0 else { return }
        }
    }
}

/// Counts the live sessions now and then, for the gauge.
struct LiveCounter: Lifecycle.Service {
    let history: SessionHistory
    let gauge: LiveGauge
    let logger: Logger
    let interval: Duration

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            do throws(StorageFault) {
                gauge.set(try await history.live())
            } catch {
                logger.debug("live sessions not counted", ["error": .string(error.reason)])
            }
            try await rest(for: interval)
        }
    }
}

extension CivilDate {
    /// The first day of the month that lies that many months away.
    func adding(months: Int) -> CivilDate {
        let (year, month, _) = components
        let index = year * 12 + (month - 1) + months
        return CivilDate(year: index / 12, month: index % 12 + 1, day: 1) ?? self
    }

    /// How many months there are from this day's to that day's, both counted; within what one call may make.
    func months(through end: CivilDate) -> Int {
        let (first, last) = (components, end.components)
        return min(60, max(1, (last.year - first.year) * 12 + last.month - first.month + 1))
    }
}
