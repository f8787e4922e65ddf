import Admission
import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Gives the slots of ended sessions back in Redis, behind the commits that closed them and never in their way: what finds
/// no room, or Redis away, is left to the reconciliation.
struct SlotRelease: Lifecycle.Service {
    let keeper: AdmissionKeeper
    let metrics: AddressMetrics
    let logger: Logger
    private let queue = BoundedQueue<EndedSession>(capacity: 65_536)
    private let batch = 500

    init(keeper: AdmissionKeeper, metrics: AddressMetrics, logger: Logger) {
        self.keeper = keeper
        self.metrics = metrics
        self.logger = logger
    }

    /// Takes sessions that were closed. Never waits.
    func offer(_ sessions: [EndedSession]) {
        let dropped = sessions.count { !queue.offer($0) }
        if dropped > 0 { metrics.dropped.add(dropped) }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await waitForShutdown()
                queue.finish()
            }
            group.addTask { try await serve() }
            defer { group.cancelAll() }
            try await group.next()
            try await group.next()
        }
    }

    private func serve() async throws {
        while true {
            let ended = await queue.nextBatch(maximum: batch)
            guard !ended.isEmpty else { return }
            do {
                _ = try await keeper.report(ended.map(\.report))
                metrics.released.add(ended.count)
            } catch {
                metrics.dropped.add(ended.count)
                logger.debug("slots of ended sessions are left to the reconciliation", ["error": .error(error)])
            }
        }
    }
}
