package import Concurrency
package import Observability

/// Runs the services of a process: started in order, ended in reverse order, each after what depends on it.
///
/// A signal or `shutdown()` begins the end; so does a service that throws or returns by itself, and then `run()`
/// throws why. At the drain deadline everything left is cancelled.
package final class ServiceGroup: Sendable {
    private let services: [NamedService]
    private let drainDeadline: Duration
    private let logger: Logger
    private let health: Health
    private let signals: BoundedQueue<Int32>?
    private let request = ShutdownSignal()
    private let began = ShutdownSignal()

    /// A group that listens to `signals` (see `ProcessSignals`) where given.
    package init(
        services: [NamedService],
        drainDeadline: Duration,
        logger: Logger,
        health: Health,
        signals: BoundedQueue<Int32>? = nil
    ) {
        self.services = services
        self.drainDeadline = drainDeadline
        self.logger = logger
        self.health = health
        self.signals = signals
    }

    /// Begins the end, as SIGTERM does. Callable from any thread, any number of times.
    package func shutdown() { request.raise() }

    /// Called once, when the end begins: for a watchdog.
    package func onShutdown(_ handler: @escaping @Sendable () -> Void) { began.add(began.newID(), handler) }

    private enum Event: Sendable {
        case ended(Int, (any Error)?)
        case requested
        case signal(Int32?)
        case deadline
        case cancelled
    }

    /// Runs everything until all services have returned. Throws `ServiceFailure` unless that was as asked.
    package func run() async throws {
        var machine = ServiceGroupStateMachine(names: services.map(\.name))
        let notices = services.map { _ in ShutdownSignal() }
        await withTaskGroup(of: Event.self) { group in
            for (index, named) in services.enumerated() {
                logger.info("service starting", ["service.name": .string(named.name)])
                group.addTask { await Self.serve(index, named, notices[index]) }
            }
            let (request, signals) = (request, signals)
            group.addTask {
                await request.wait()
                return .requested
            }
            if let signals { group.addTask { .signal(await signals.next()) } }
            while !machine.isFinished, let event = await group.next() {
                for action in handle(event, &machine) { perform(action, notices, &group) }
            }
            group.cancelAll()
        }
        if let failure = machine.failure { throw failure }
    }

    private static func serve(_ index: Int, _ named: NamedService, _ notice: ShutdownSignal) async -> Event {
        do {
            try await GracefulShutdown.$signal.withValue(notice) { try await named.service.run() }
            return .ended(index, nil)
        } catch {
            return .ended(index, error)
        }
    }

    private func handle(
        _ event: Event,
        _ machine: inout ServiceGroupStateMachine
    ) -> [ServiceGroupStateMachine.Action] {
        switch event {
        case .ended(let index, let error):
            let name = LogValue.string(services[index].name)
            if let error {
                logger.error("service failed", ["service.name": name, "error": .error(error)])
            } else if machine.isRunning {
                logger.error("service ended without being asked to", ["service.name": name])
            } else {
                logger.info("service ended", ["service.name": name])
            }
            return machine.serviceEnded(index, error: error)
        case .requested:
            return machine.shutdownRequested()
        case .signal(let number):
            if let number { logger.info("signal received", ["signal": .int(Int(number))]) }
            return machine.shutdownRequested()
        case .deadline:
            return machine.deadlinePassed()
        case .cancelled:
            return []
        }
    }

    private func perform(
        _ action: ServiceGroupStateMachine.Action,
        _ notices: [ShutdownSignal],
        _ group: inout TaskGroup<Event>
    ) {
        switch action {
        case .startDeadline:
            logger.info("shutting down", ["shutdown.deadline_seconds": .duration(drainDeadline)])
            health.beginShutdown()
            began.raise()
            let limit = drainDeadline
            group.addTask {
                do { try await pause(for: limit) } catch { return .cancelled }
                return .deadline
            }
        case .shutDown(let index):
            notices[index].raise()
        case .cancelAll:
            logger.error("drain deadline passed, cancelling what is left")
            group.cancelAll()
        }
    }
}
