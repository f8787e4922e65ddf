import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import RouterOS

/// Where operations are kept, as the worker sees it.
protocol RouterOperationKeeping: Sendable {
    /// Whether this process is the one that speaks to routers; to be asked again and again.
    func lead() async throws(StorageFault) -> Bool
    func recover() async throws(StorageFault)
    func routers(at now: Timestamp, limit: Int) async throws(StorageFault) -> [RouterRef]
    func open(of router: RouterRef, limit: Int) async throws(StorageFault) -> [RouterOperation]
    func target(_ router: RouterRef) async throws(StorageFault) -> RouterTarget?
    func facts(for operations: [RouterOperation], on router: RouterRef, at now: Timestamp) async throws(StorageFault)
        -> RouterFacts
    @discardableResult
    func write(_ operations: [RouterOperation], at now: Timestamp) async throws(StorageFault) -> [RouterOperation]
    func away(_ router: RouterRef, because reason: String) async throws(StorageFault)
    @discardableResult
    func expire(at now: Timestamp) async throws(StorageFault) -> Int
    func figures() async throws(StorageFault) -> (waiting: Int, oldest: Timestamp?)
    @discardableResult
    func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int
}

extension RouterOperationStore: RouterOperationKeeping {}

/// Makes routers be as the directory says (MTK-02 to MTK-07): one process at a time, each router by itself and in the order in which
/// things were asked for. A router that is away holds up nobody else; what waits for it says why, and is done when it is back.
///
/// What is to be done is read when it is done, and may be done twice: whoever takes over does again what the other was at.
struct RouterWorker: Lifecycle.Service {
    /// How it goes about it.
    struct Pace: Sendable {
        /// The pause between two looks at what is to be done.
        var interval: Duration
        /// Operations that ended are kept so long.
        var retention: Duration
    }

    /// Routers of one look, operations that a router's queue is looked through for, and those that are begun together.
    private static let look = 10_000
    private static let depth = 500
    private static let batch = 50
    private static let upkeep = Duration.seconds(3_600)
    private static let sweep = Duration.seconds(10)

    let keeping: any RouterOperationKeeping
    let connections: RouterConnections
    let conduct: RouterConduct
    let roster: RouterRoster
    let rules: RouterOperationRules
    let pace: Pace
    let time: TimeSource
    let metrics: RouterMetrics
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        defer { rests() }
        try await repeating(
            every: .seconds(1),
            logger,
            "operations on routers wait",
            failed: { health.set(.degraded("routers: \($0)")) },
            {
                guard try await keeping.lead() else {
                    rests()
                    return health.set(.ready)
                }
                defer { rests() }
                metrics.leading.set(1)
                health.set(.ready)
                logger.info("routers are spoken to here")
                try await keeping.recover()
                try await reign()
            }
        )
    }

    private func rests() {
        metrics.rests()
        connections.forgetAll()
    }

    /// Until another process leads, the database fails, or the daemon ends: what routers are at by then is finished.
    private func reign() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var sweepAt = Deadline.after(.zero)
            var tidyAt = Deadline.after(.zero)
            while !GracefulShutdown.isShuttingDown {
                guard try await keeping.lead() else {
                    logger.warn("another process speaks to routers now")
                    group.cancelAll()
                    break
                }
                if sweepAt.hasPassed {
                    try await keeping.expire(at: time.now())
                    sweepAt = .after(Self.sweep)
                }
                if tidyAt.hasPassed {
                    try await keeping.forget(before: time.now() - pace.retention, limit: 10_000)
                    tidyAt = .after(Self.upkeep)
                }
                for router in try await keeping.routers(at: time.now(), limit: Self.look) where roster.take(router) {
                    group.addTask {
                        defer { roster.release(router) }
                        try await serveTelling(router)
                    }
                }
                try await tell()
                try await rest(for: pace.interval)
            }
        }
    }

    /// A fault of one router's rows is told, and holds up no other's.
    private func serveTelling(_ router: RouterRef) async throws {
        do {
            try await serve(router)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.error(
                "what is to be done on a router cannot be",
                ["device": .string("\(router.deviceID)"), "error": .string("\(error)")]
            )
            try await rest(for: Self.sweep)
        }
    }

    private func tell() async throws(StorageFault) {
        let figures = try await keeping.figures()
        metrics.pending.set(Double(figures.waiting))
        let age = figures.oldest.map { max(0, time.now().microseconds(since: $0)) } ?? 0
        metrics.oldest.set(Double(age) / 1e6)
        metrics.away.set(Double(roster.away))
    }

    // MARK: - One router

    /// Does what a router has to do, until there is nothing left that is due or the router is away.
    private func serve(_ router: RouterRef) async throws {
        while !GracefulShutdown.isShuttingDown, !Task.isCancelled {
            let now = time.now()
            let agenda = RouterAgenda(try await keeping.open(of: router, limit: Self.depth), at: now)
            try await store(agenda.superseded, at: now)
            guard !agenda.due.isEmpty else { return }
            guard let target = try await keeping.target(router) else { return connections.forget(router) }
            guard try await work(Array(agenda.due.prefix(Self.batch)), on: target) else { return }
        }
    }

    /// Whether the router is still there to go on with.
    private func work(_ due: [RouterOperation], on target: RouterTarget) async throws -> Bool {
        let managed: any CommandRunner
        do throws(RouterConnections.Obstacle) {
            managed = try connections.router(target)
        } catch {
            try await leave(target.ref, because: error.word)
            return false
        }
        let begun = due.map { operation in
            var operation = operation
            operation.begin(at: time.now())
            return operation
        }
        try await store(begun, at: time.now())
        // Read after they began: what is changed from here on asks for operations of its own.
        let facts = try await keeping.facts(for: begun, on: target.ref, at: time.now())
        for var operation in begun {
            if GracefulShutdown.isShuttingDown || Task.isCancelled { break }
            let answer = await conduct.carryOut(operation, facts, on: managed, at: time.now())
            guard let answer else { break }
            if case .away(let word) = answer {
                try await leave(target.ref, because: word)
                return false
            }
            roster.resume(target.ref)
            operation.take(answer, at: time.now(), rules)
            try await store([operation], at: time.now())
        }
        return true
    }

    private func leave(_ router: RouterRef, because word: String) async throws(StorageFault) {
        try await keeping.away(router, because: roster.pause(router, because: word))
    }

    private func store(_ operations: [RouterOperation], at now: Timestamp) async throws(StorageFault) {
        for operation in try await keeping.write(operations, at: now) {
            metrics.ended(operation)
            if operation.state == .failed { tell(operation) }
        }
    }

    private func tell(_ operation: RouterOperation) {
        logger.warn(
            "an operation on a router failed",
            [
                "tenant": .string(operation.tenantID.description), "device": .string(operation.deviceID.description),
                "operation": .string(operation.id.description), "kind": .string(operation.kind.rawValue),
                "reason": .string(operation.reason ?? ""),
            ]
        )
    }
}
