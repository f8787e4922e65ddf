import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Sends what is due. Any number of processes may: a notice is claimed by one of them before its provider hears of it.
struct NoticeService: Lifecycle.Service {
    let queue: any NoticeQueueing
    let sender: NoticeSender
    /// What the sender asks.
    let inquiries: NoticeInquiries
    let interval: Duration
    let inFlight: Int
    let keep: Duration
    let time: TimeSource
    let metrics: NoticeMetrics
    let health: HealthComponent
    let logger: Logger

    private static let upkeep = Duration.seconds(5)
    /// The pause between two looks while there is something to do.
    private static let glance = Duration.milliseconds(20)
    /// Rows of one look at what lapsed, expired or is old.
    private static let batch = 1_000

    /// What became of notices at the same time is stored in one commit.
    typealias Records = Combiner<Int, NoticeRecord, Bool>

    func run() async throws {
        let records = makeRecords()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await records.run() }
            tasks.addTask { await inquiries.run() }
            defer {
                records.finish()
                inquiries.finish()
            }
            try await repeating(
                every: .seconds(1),
                logger,
                "notices wait",
                failed: { health.set(.degraded("notices: \($0)")) },
                { try await work(records) }
            )
        }
    }

    func makeRecords() -> Records {
        Records(
            most: Self.batch,
            mostWaiting: max(inFlight, 1),
            // One of them may be refused for its own sake: the others are not.
            blamesOne: { ($0 as? StorageFault)?.blamesData == true }
        ) { [queue, time] _, batch in
            let stored = try await queue.record(batch, at: time.now())
            return batch.map { .success(stored.contains($0.notice.id)) }
        }
    }

    /// Until the database fails or the daemon ends: what was claimed is sent and recorded by then, whatever failed.
    func work(_ records: Records) async throws {
        let places = NoticePlaces(inFlight)
        let failure: (any Error)? = await withDiscardingTaskGroup { group in
            var tidyAt = ContinuousClock.now
            do {
                while !GracefulShutdown.isShuttingDown {
                    let now = time.now()
                    if tidyAt <= .now {
                        try await tidy(at: now)
                        tidyAt = .now + Self.upkeep
                    }
                    let share = places.share
                    let claimed =
                        share.isEmpty ? [] : try await queue.claim(share, at: now, until: now + sender.claim)
                    health.set(.ready)
                    for notice in claimed {
                        places.take(notice)
                        group.addTask {
                            defer { places.leave(notice) }
                            await serve(notice, until: now + sender.claim, records)
                        }
                    }
                    // More may be due, and some of it waits for a place. What comes and goes meanwhile is claimed together.
                    let isQuiet = claimed.isEmpty && places.isFree
                    try await rest(for: isQuiet ? interval : min(interval, Self.glance))
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Takes one to its end and stores that. What cannot be read now goes back; what cannot be stored is tried until the claim ends, and
    /// is `unknown` then.
    func serve(_ notice: ClaimedNotice, until end: Timestamp, _ records: Records) async {
        let record: NoticeRecord
        do throws(StorageFault) {
            record = try await sender.serve(notice)
        } catch {
            logger.warn("a notice waits for the database", ["error": .string(error.reason)])
            record = NoticeRecord(notice, .queued, reason: "database", nextAt: time.now() + .seconds(5))
        }
        while true {
            let fault: String
            do {
                if try await records.submit(record, to: 0) { metrics.recorded(record) }
                return
            } catch {
                fault = (error as? StorageFault)?.reason ?? "\(error)"
            }
            guard !Task.isCancelled, !GracefulShutdown.isShuttingDown, time.now() < end else {
                return logger.error(
                    "what became of a notice is not stored",
                    ["notice": .string("\(notice.id)"), "error": .string(fault)]
                )
            }
            try? await rest(for: .milliseconds(500))
        }
    }

    private func tidy(at now: Timestamp) async throws {
        metrics.lapsed.add(try await queue.lapse(at: now, limit: Self.batch))
        try await queue.expire(at: now, limit: Self.batch)
        try await queue.prune(before: now - keep, limit: Self.batch)
        metrics.tell(try await queue.depth())
    }
}
