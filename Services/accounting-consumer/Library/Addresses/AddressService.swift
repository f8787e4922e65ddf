import Admission
import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Keeps the addresses in Redis and in Postgres one: stores the log, fills an empty Redis, reconciles, watches the pools.
/// One process leads, by an advisory lock. Redis away makes the daemon less well, never unready: accounting goes on.
struct AddressService: Lifecycle.Service {
    struct Intervals: Sendable {
        /// The wait between two looks at an empty log.
        var idle: Duration
        var reconciliation: Duration
        /// The wait between two counts of the pools.
        var watch: Duration
    }

    let keeper: AdmissionKeeper
    let store: AllocationStore
    let persister: LogPersister
    let warmUp: WarmUp
    let reconciliation: Reconciliation
    let releases: AskedReleases
    let watch: PoolWatch
    let metrics: AddressMetrics
    let health: HealthComponent
    let logger: Logger
    let intervals: Intervals
    let clock: TimeSource
    /// How many months of past allocations are kept; nil for ever.
    let retentionMonths: Int?

    func run() async throws {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        var told = ""
        var state = State()
        while !GracefulShutdown.isShuttingDown {
            do {
                try await lead(&state) {
                    waits.reset()
                    told = ""
                    health.set(.ready)
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                let reason = (error as? StorageFault)?.reason ?? String(describing: error)
                health.set(.degraded("addresses: \(reason)"))
                if !(error is StorageFault) { metrics.ready.set(0) }
                if reason != told { logger.warn("addresses wait", ["error": .string(reason)]) }
                told = reason
                try await rest(for: waits.next())
            }
        }
    }

    /// What waits for longer in the log is stored without pauses.
    private static let patience = Duration.seconds(30)

    private struct State {
        var connections = -1
        var reconcileAt = Deadline.after(.zero)
        var watchAt = Deadline.after(.zero)
        var releasesAt = Deadline.after(.zero)
        var poolsAt = Deadline.after(.zero)
        var pools = PoolCatalogue([])
        var cursor = BlockCursor()
        var forgotten: CivilDate?
    }

    /// One turn of the leader; who does not lead rests for a second.
    private func lead(_ state: inout State, _ working: () -> Void) async throws {
        guard try await store.lead() else {
            working()
            metrics.waiting.set(0)
            return try await rest(for: .seconds(1))
        }
        if state.poolsAt.hasPassed {
            state.pools = PoolCatalogue(try await store.pools())
            state.poolsAt = .after(.seconds(5))
        }
        if try await !keeper.isReady() {
            metrics.ready.set(0)
            try await warmUp.run(state.pools)
            state.reconcileAt = .after(intervals.reconciliation)
        } else if state.connections >= 0, state.connections != keeper.connections {
            // Another server, or the same one with an older memory: what it lost is found at once.
            state.reconcileAt = .after(.zero)
            state.cursor.forgetSilence()
        }
        metrics.ready.set(1)
        state.connections = keeper.connections
        working()
        let began = SystemClock.monotonicNanoseconds()
        let stored = try await persister.step(state.pools)
        let took = SystemClock.monotonicNanoseconds() - began
        if state.releasesAt.hasPassed {
            try await releases.run(state.pools)
            state.releasesAt = .after(.seconds(1))
        }
        if state.watchAt.hasPassed {
            try await watch.look(state.pools)
            state.watchAt = .after(intervals.watch)
        }
        if state.reconcileAt.hasPassed {
            try await reconciliation.run(state.pools, &state.cursor)
            state.reconcileAt = .after(intervals.reconciliation)
        }
        try await forget(&state)
        if stored.entries == 0 {
            try await rest(for: intervals.idle)
        } else if let oldest = stored.oldest, clock.now() - oldest < Self.patience {
            // A quarter of the time is enough, and leaves the rest to the logins of whose storm this is the bookkeeping.
            try await rest(for: .nanoseconds(Int64(min(3 * took, 500_000_000))))
        }
    }

    /// Once a day: what is past its retention.
    private func forget(_ state: inout State) async throws {
        let today = clock.now().day
        guard let retentionMonths, state.forgotten != today else { return }
        let limit = 1_000
        while try await store.forget(endedBefore: today.adding(months: -retentionMonths).start, limit: limit) >= limit {
        }
        state.forgotten = today
    }
}
