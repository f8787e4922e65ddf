import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Closes sessions that fell silent (SES-08, G-03), while the gate says that silence is what it seems.
struct Reaper: Lifecycle.Service {
    let sessions: StaleSessions
    let monitor: StreamMonitor
    let metrics: ConsumerMetrics
    let logger: Logger
    /// Takes the sessions that were closed.
    let release: SlotRelease?
    /// How long a session must have been silent; three of its plan's interim intervals if that is longer.
    let after: Duration
    /// The pause between two rounds.
    let interval: Duration
    private let batch = 500

    init(
        sessions: StaleSessions,
        monitor: StreamMonitor,
        metrics: ConsumerMetrics,
        logger: Logger,
        release: SlotRelease? = nil,
        after: Duration,
        interval: Duration
    ) {
        self.sessions = sessions
        self.monitor = monitor
        self.metrics = metrics
        self.logger = logger
        self.release = release
        self.after = after
        self.interval = interval
    }

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            if let watermark = monitor.watermark { await round(before: watermark) }
            try await rest(for: interval)
        }
    }

    private func round(before watermark: Timestamp) async {
        do throws(StorageFault) {
            while true {
                let result = try await sessions.close(silentFor: after, before: watermark, limit: batch) {
                    release?.offer($0)
                }
                metrics.sessionsReaped.add(result.closed)
                if result.closed > 0 {
                    logger.info("stale sessions closed", ["sessions": .int(result.closed)])
                }
                // Fewer than asked for, or all of them in somebody's hands: the rest waits for the next round.
                guard result.found == batch, result.closed > 0 else { return }
            }
        } catch {
            logger.warn("stale sessions could not be closed", ["error": .string(error.reason)])
        }
    }
}
