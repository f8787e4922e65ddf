import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// Where runs are kept, as the worker sees it.
protocol LifecycleKeeping: Sendable {
    /// Whether this process is the one that carries runs out; to be asked again and again.
    func lead() async throws(StorageFault) -> Bool
    /// Runs whose time has come.
    func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [LifecycleRef]
    /// Makes a run's next move and stores it; nil where there is none for now.
    func advance(_ ref: LifecycleRef) async throws -> LifecycleAdvance?
    func figures(at now: Timestamp) async throws(StorageFault) -> LifecycleFigures
}

extension LifecycleWork: LifecycleKeeping {}

/// Activates, suspends, resumes, changes and terminates services (LCY-01 to LCY-14): carries the stored runs out, step by step. Any number of
/// processes may run; one leads, and the next one goes on where it stopped. All that counts is in the database, and what the leader's lock
/// does not prevent, the run's row lock does.
struct LifecycleWorker: Lifecycle.Service {
    let keeping: any LifecycleKeeping
    /// The pause between two looks at what is due.
    let interval: Duration
    /// Runs that are carried out at a time.
    let inFlight: Int
    let time: TimeSource
    let metrics: LifecycleMetrics
    let health: HealthComponent
    let logger: Logger

    /// What a run that the database refused rests before it is tried again.
    private static let rest = Duration.seconds(1)

    /// Runs that are being carried out here.
    private final class Busy: Sendable {
        private let refs = Mutex<Set<LifecycleRef>>([])

        var count: Int { refs.withLock(\.count) }

        /// Whether it was not under way.
        func begin(_ ref: LifecycleRef) -> Bool { refs.withLock { $0.insert(ref).inserted } }

        func end(_ ref: LifecycleRef) { refs.withLock { _ = $0.remove(ref) } }
    }

    func run() async throws {
        defer { metrics.rests() }
        try await repeating(
            every: .seconds(1),
            logger,
            "services' runs wait",
            failed: {
                metrics.rests()
                health.set(.degraded("lifecycle: \($0)"))
            },
            {
                guard try await keeping.lead() else {
                    metrics.rests()
                    return health.set(.ready)
                }
                health.set(.ready)
                try await lead()
            }
        )
    }

    /// Carries runs out until another process leads, the database fails or the daemon ends. What was begun ends its move.
    private func lead() async throws {
        let busy = Busy()
        try await withThrowingDiscardingTaskGroup { group in
            while !GracefulShutdown.isShuttingDown, try await keeping.lead() {
                let now = time.now()
                metrics.tell(try await keeping.figures(at: now))
                // Those that are under way stand first among the due.
                for ref in try await keeping.due(at: now, limit: inFlight + busy.count) where busy.count < inFlight {
                    guard busy.begin(ref) else { continue }
                    group.addTask {
                        try await carryOut(ref)
                        busy.end(ref)
                    }
                }
                try await Lifecycle.rest(for: interval)
            }
        }
    }

    /// Makes a run's moves until it rests or has ended. What the server or the program is to blame for is told, and tried again.
    private func carryOut(_ ref: LifecycleRef) async throws {
        do {
            while !GracefulShutdown.isShuttingDown {
                let begun = ContinuousClock.now
                guard let advance = try await keeping.advance(ref) else { return }
                metrics.made(advance, in: ContinuousClock.now - begun)
                guard let nextAt = advance.run.nextAt, nextAt <= time.now() else { return }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.warn(
                "a run cannot be carried out",
                ["run": .string("\(ref.id)"), "error": .string(StorageFault(error).reason)]
            )
            try await Lifecycle.rest(for: Self.rest)
        }
    }
}
