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
    /// Has a run whose move threw rest, longer with each failure.
    func postpone(_ ref: LifecycleRef, failures: Int) async throws
    func figures(at now: Timestamp) async throws(StorageFault) -> LifecycleFigures
    @discardableResult
    func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int
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
    /// What a run whose move failed rests; it doubles with each failure.
    let rules: LifecycleRules
    /// Runs that ended are kept so long.
    let keep: Duration
    let time: TimeSource
    let metrics: LifecycleMetrics
    let health: HealthComponent
    let logger: Logger

    private static let upkeep = Duration.seconds(3_600)

    /// Runs that are being carried out here, and those that failed here and rest.
    private final class Busy: Sendable {
        private struct Refs {
            var moving: Set<LifecycleRef> = []
            var failed: [LifecycleRef: (failures: Int, until: Timestamp)] = [:]
        }

        private let refs = Mutex(Refs())

        /// How many are being carried out.
        var count: Int { refs.withLock(\.moving.count) }
        /// How many of the due are not to be begun.
        var passed: Int { refs.withLock { $0.moving.count + $0.failed.count } }

        /// Whether it was not under way, and does not rest.
        func begin(_ ref: LifecycleRef, at now: Timestamp) -> Bool {
            refs.withLock { refs in
                if let failed = refs.failed[ref], now < failed.until { return false }
                return refs.moving.insert(ref).inserted
            }
        }

        func end(_ ref: LifecycleRef) { refs.withLock { _ = $0.moving.remove(ref) } }

        func succeeded(_ ref: LifecycleRef) { refs.withLock { _ = $0.failed.removeValue(forKey: ref) } }

        /// How often it has failed in a row by now. It rests here too: what cannot be moved can often not be written either.
        func failed(_ ref: LifecycleRef, at now: Timestamp, _ rules: LifecycleRules) -> Int {
            refs.withLock { refs in
                let failures = (refs.failed[ref]?.failures ?? 0) + 1
                refs.failed[ref] = (failures, now + rules.pause(after: failures))
                return failures
            }
        }
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
                try await lead()
            }
        )
    }

    /// How many old runs are forgotten at a time.
    private static let tidied = 500

    /// Forgets old runs, a few at a time. That it cannot be done holds up no run.
    private func tidy(before time: Timestamp) async -> Int {
        do throws(StorageFault) { return try await keeping.forget(before: time, limit: Self.tidied) } catch {
            logger.warn("old runs were not forgotten", ["error": .string("\(error)")])
            return 0
        }
    }

    /// Carries runs out until another process leads, the database fails or the daemon ends. What was begun ends its move.
    private func lead() async throws {
        let busy = Busy()
        var tidyAt = Deadline.after(.zero)
        try await withThrowingDiscardingTaskGroup { group in
            while !GracefulShutdown.isShuttingDown, try await keeping.lead() {
                let now = time.now()
                tell(try await keeping.figures(at: now))
                if tidyAt.hasPassed {
                    tidyAt = .after(Self.upkeep)
                    if await tidy(before: now - keep) == Self.tidied { tidyAt = .after(.seconds(10)) }
                }
                // Those that are under way, or rest here, stand first among the due.
                for ref in try await keeping.due(at: now, limit: inFlight + busy.passed) where busy.count < inFlight {
                    guard busy.begin(ref, at: now) else { continue }
                    group.addTask {
                        try await carryOut(ref, busy)
                        busy.end(ref)
                    }
                }
                try await Lifecycle.rest(for: interval)
            }
        }
    }

    private func tell(_ figures: LifecycleFigures) {
        metrics.tell(figures)
        health.set(figures.stuck == 0 ? .ready : .degraded("lifecycle: \(figures.stuck) runs are past their deadline"))
    }

    /// Makes a run's moves until it rests or has ended. What the server or the program is to blame for is told, and tried again after a
    /// pause that doubles.
    private func carryOut(_ ref: LifecycleRef, _ busy: Busy) async throws {
        do {
            while !GracefulShutdown.isShuttingDown {
                let begun = ContinuousClock.now
                let made = try await keeping.advance(ref)
                busy.succeeded(ref)
                guard let advance = made else { return }
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
            let failures = busy.failed(ref, at: time.now(), rules)
            do {
                try await keeping.postpone(ref, failures: failures)
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warn(
                    "nor can it be put off",
                    ["run": .string("\(ref.id)"), "error": .string(StorageFault(error).reason)]
                )
            }
        }
    }
}
