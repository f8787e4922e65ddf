package import Concurrency
import Synchronization

/// Which connection of which router.
struct LinkID: Hashable, Sendable {
    let router: UInt32
    let slot: UInt32

    /// For the loop that waits for many.
    var token: UInt64 { UInt64(router) << 32 | UInt64(slot) }
}

/// Speaks to many routers over their API. Their engines decide, one thread moves the octets of all; tasks only wait for their own
/// answer, and the cooperative pool is never blocked.
package final class RouterOSClient: Sendable {
    /// How much is going on.
    package struct Levels: Sendable {
        package let connections: Int
        package let waiting: Int
        package let breakers: [CircuitBreaker.State: Int]
    }

    /// What the loop is to do.
    enum Order: Sendable {
        case open(LinkID, RouterConfiguration)
        /// Its name has these addresses.
        case connect(LinkID, RouterConfiguration, [SocketAddress])
        case send(LinkID, [UInt8])
        case close(LinkID)
    }

    /// What the loop takes up at once.
    struct Batch: Sendable {
        var orders: [Order]
        var wakeAt: UInt64
        var isStopping: Bool
    }

    private struct Asking: Sendable {
        let router: UInt32
        let path: String
        let continuation: CheckedContinuation<Result<RouterAnswer, RouterOSError>, Never>
    }

    private struct State: Sendable {
        var engines: [UInt32: RouterEngine] = [:]
        /// Of the engines that have something to do of themselves.
        var deadlines: [UInt32: UInt64] = [:]
        var asking: [UInt64: Asking] = [:]
        var orders: [Order] = []
        /// Until when the loop sleeps.
        var sleepsUntil: UInt64 = 0
        var nextRouter: UInt32 = 1
        var isStopping = false
        var failure: SystemError?
    }

    /// What is to be done once the lock is released.
    private struct Work {
        var actions: [RouterEngine.Action] = []
        var answers: [(Asking, Result<RouterAnswer, RouterOSError>, UInt64?)] = []
        var failures: [RouterOSError] = []
        var mustWake = false
    }

    /// The loop looks around after that at the latest.
    private static let longestSleep: UInt64 = 60_000_000_000

    let wakeup: EventFD
    private let state = Mutex(State())
    private let metrics: RouterOSMetrics
    private let tickets = Atomic<UInt64>(1)

    /// Nothing is connected before `run`. Throws where the process has no descriptor left.
    package init(metrics: RouterOSMetrics) throws {
        self.metrics = metrics
        wakeup = try EventFD()
        metrics.watch { [weak self] in self?.levels ?? Levels(connections: 0, waiting: 0, breakers: [:]) }
    }

    /// A router to speak to. Connections are opened when something is asked of it. To be given back with `ManagedRouter.forget()`; one
    /// whose configuration changed is forgotten and made anew.
    package func router(_ configuration: RouterConfiguration) -> ManagedRouter {
        let number = state.withLock { state in
            let number = state.nextRouter
            state.nextRouter += 1
            if !state.isStopping {
                state.engines[number] = RouterEngine(configuration, random: { Double.random(in: 0..<1) })
            }
            return number
        }
        return ManagedRouter(client: self, number: number, limit: configuration.pool.commandLimit)
    }

    /// How much is going on.
    package var levels: Levels {
        let now = SystemClock.monotonicNanoseconds()
        return state.withLock { state in
            var breakers: [CircuitBreaker.State: Int] = [:]
            for engine in state.engines.values { breakers[engine.breakerState(now: now), default: 0] += 1 }
            return Levels(
                connections: state.engines.values.reduce(0) { $0 + $1.connections },
                waiting: state.engines.values.reduce(0) { $0 + $1.waitingCommands },
                breakers: breakers
            )
        }
    }

    func breakerState(_ router: UInt32) -> CircuitBreaker.State? {
        let now = SystemClock.monotonicNanoseconds()
        return state.withLock { $0.engines[router]?.breakerState(now: now) }
    }

    func forget(_ router: UInt32) {
        let error = RouterOSError(.closed, "the router is forgotten")
        perform(router) { engine, _ in engine.stop(error) }
        state.withLock { state in
            state.engines[router] = nil
            state.deadlines[router] = nil
        }
    }

    func ask(_ router: UInt32, _ command: RouterCommand, until deadline: Deadline) async -> Result<
        RouterAnswer, RouterOSError
    > {
        let ticket = tickets.wrappingAdd(1, ordering: .relaxed).oldValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let asking = Asking(router: router, path: command.path, continuation: continuation)
                let refusal = perform(router, asking: (ticket, asking)) { engine, now in
                    engine.submit(command, ticket: ticket, deadline: deadline.nanoseconds, now: now)
                }
                guard let refusal else { return }
                metrics.count(command.path, .failure(refusal), nanoseconds: nil)
                continuation.resume(returning: .failure(refusal))
            }
        } onCancel: {
            perform(router) { engine, now in engine.cancel(ticket, now: now) }
        }
    }

    // MARK: - Running

    /// Speaks until `stop`, or until the task is cancelled. Throws where the system has no thread or descriptor left. To be
    /// called once; everybody who still waits afterwards has been told.
    package func run() async throws {
        let resolver = try NameResolver()
        defer { resolver.stop() }
        let thread = try PlatformThread.start(name: "routeros") {
            do throws(SystemError) {
                try ClientLoop(self, resolver).run()
            } catch {
                self.state.withLock { $0.failure = error }
            }
            self.stop()
        }
        await withTaskCancellationHandler {
            await thread.joined()
        } onCancel: {
            stop()
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Refuses further commands, tells everybody who waits, and ends `run`.
    package func stop() {
        let routers = state.withLock { state in
            state.isStopping = true
            return Array(state.engines.keys)
        }
        let error = RouterOSError(.closed, "the client was stopped")
        for router in routers { perform(router) { engine, _ in engine.stop(error) } }
        wakeup.signal()
    }

    // MARK: - For the loop

    /// What there is to do now, and until when to sleep afterwards.
    func takeOrders() -> Batch {
        state.withLock { state in
            let soonest = state.deadlines.values.min() ?? .max
            state.sleepsUntil = min(soonest, SystemClock.monotonicNanoseconds().later(by: Self.longestSleep))
            defer { state.orders = [] }
            return Batch(orders: state.orders, wakeAt: state.sleepsUntil, isStopping: state.isStopping)
        }
    }

    /// The addresses that a name turned out to have.
    func resolved(_ link: LinkID, _ configuration: RouterConfiguration, _ addresses: [SocketAddress]) {
        state.withLock { $0.orders.append(.connect(link, configuration, addresses)) }
        wakeup.signal()
    }

    func tell(_ link: LinkID, _ event: Link.Event) {
        perform(link.router) { engine, now in
            switch event {
            case .opened: engine.opened(link.slot, now: now)
            case .received(let octets): engine.received(link.slot, octets, now: now)
            case .ended(let error): engine.ended(link.slot, error, now: now)
            }
        }
    }

    /// Lets the engines do whose time has come.
    func tick() {
        let now = SystemClock.monotonicNanoseconds()
        let due = state.withLock { $0.deadlines.filter { $0.value <= now }.map(\.key) }
        for router in due { perform(router) { engine, now in engine.tick(now: now) } }
    }

    // MARK: - Private

    private func perform(_ router: UInt32, _ body: (inout RouterEngine, UInt64) -> [RouterEngine.Action]) {
        _ = perform(router, asking: nil, body)
    }

    /// Lets an engine decide, and does what it decided. An error where nobody can be asked: then `body` was not called.
    private func perform(
        _ router: UInt32,
        asking: (ticket: UInt64, Asking)?,
        _ body: (inout RouterEngine, UInt64) -> [RouterEngine.Action]
    ) -> RouterOSError? {
        var work = Work()
        let refusal = state.withLock { state -> RouterOSError? in
            guard state.engines[router] != nil else { return RouterOSError(.closed, "the router is forgotten") }
            if let asking {
                guard !state.isStopping else { return RouterOSError(.closed, "the client was stopped") }
                // A cancellation that came before this lock found no ticket, but its flag is set by now.
                guard !Task.isCancelled else { return RouterOSError(.cancelled, "cancelled before it began") }
                state.asking[asking.ticket] = asking.1
            }
            let now = SystemClock.monotonicNanoseconds()
            if var engine = state.engines.removeValue(forKey: router) {
                work.actions = body(&engine, now)
                state.deadlines[router] = engine.nextDeadline
                state.engines[router] = engine
            }
            Self.sort(&work, &state, router)
            return nil
        }
        if work.mustWake { wakeup.signal() }
        for failure in work.failures { metrics.count(failure) }
        for (asking, result, nanoseconds) in work.answers {
            metrics.count(asking.path, result, nanoseconds: nanoseconds)
            asking.continuation.resume(returning: result)
        }
        return refusal
    }

    private static func sort(_ work: inout Work, _ state: inout State, _ router: UInt32) {
        guard let configuration = state.engines[router]?.configuration else { return }
        let before = state.orders.count
        for action in work.actions {
            switch action {
            case .open(let slot): state.orders.append(.open(LinkID(router: router, slot: slot), configuration))
            case .send(let slot, let octets): state.orders.append(.send(LinkID(router: router, slot: slot), octets))
            case .close(let slot): state.orders.append(.close(LinkID(router: router, slot: slot)))
            case .failed(let error): work.failures.append(error)
            case .finished(let ticket, let result, let nanoseconds):
                guard let asking = state.asking.removeValue(forKey: ticket) else { continue }
                work.answers.append((asking, result, nanoseconds))
            }
        }
        let isSooner = (state.deadlines[router] ?? .max) < state.sleepsUntil
        work.mustWake = state.orders.count > before || isSooner
    }
}
