import Concurrency
import Glibc
package import Observability
import Synchronization

/// An HTTP/1.1 server: libmicrohttpd reads and writes, handlers are async functions on threads of its own.
///
/// Every request head is checked before a handler sees it, every wait has a deadline, and every buffer has a limit; see
/// the module's README.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let core: ServerCore
    private let logger: Logger
    private let bound = Mutex<UInt16?>(nil)
    private let wasRun = Atomic<Bool>(false)

    /// A server that answers with what `respond` returns; it listens once it runs.
    package init(
        _ configuration: HTTPServerConfiguration,
        metrics: HTTPServerMetrics,
        logger: Logger,
        respond: @escaping @Sendable (Request) async -> Response
    ) throws {
        var configuration = configuration
        let room = DescriptorLimit.makeRoom(for: configuration.limits.connections)
        if room < configuration.limits.connections {
            logger.warn(
                "fewer connections are taken than configured: the process may not open more files",
                ["http.connections": .int(room), "http.configured": .int(configuration.limits.connections)]
            )
            configuration.limits.connections = room
        }
        self.configuration = configuration
        self.logger = logger
        core = try ServerCore(configuration, metrics: metrics, logger: logger, respond: respond)
    }

    /// The port that was bound; nil before.
    package var port: UInt16? { bound.withLock { $0 } }

    /// Serves until `drain` has come to its end. Throws `HTTPServerError` where it cannot listen or start. Cancelling
    /// the task drains without any time.
    package func run(onListening: @Sendable (UInt16) -> Void = { _ in }) async throws {
        guard !wasRun.exchange(true, ordering: .relaxed) else {
            throw HTTPServerError(.usedUp, "a server runs once")
        }
        let executor = HandlerExecutor(threads: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        defer { executor.shutdown() }
        try executor.start()
        let socket: ListeningSocket
        do {
            socket = try ListeningSocket(address: configuration.address, port: configuration.port, backlog: 1_024)
        } catch {
            throw HTTPServerError(.listen, "\(error)")
        }
        let port = socket.port
        let listener = socket.release()
        let started = StartSignal()
        let thread = try PlatformThread.start(name: "http") { [core, configuration] in
            Self.loop(listener, core, configuration.tls, started)
        }
        try await started.wait()
        bound.withLock { $0 = port }
        logger.info(
            "http server listening",
            [
                "http.address": .string(configuration.address), "http.port": .int(Int(port)),
                "http.tls": .bool(configuration.tls != nil),
            ]
        )
        onListening(port)
        await withTaskCancellationHandler {
            await withTaskExecutorPreference(executor) { await handleRequests() }
        } onCancel: {
            drain(within: .zero)
        }
        await thread.joined()
        if let error = started.lateFailure { throw error }
    }

    /// Takes no more connections, lets what runs finish, ends event streams, closes WebSockets with 1001; cuts off what
    /// is left when the time is over. `run` then returns.
    package func drain(within time: Duration) {
        core.mailbox.post(.drain(.after(time)))
    }

    /// A task for each request, until the loop has ended or the task is cancelled.
    private func handleRequests() async {
        await withDiscardingTaskGroup { group in
            while true {
                let batch = await core.queue.nextBatch(maximum: 64)
                if batch.isEmpty { break }
                for exchange in batch { group.addTask { await exchange.serve() } }
            }
        }
    }

    private static func loop(
        _ listener: Int32,
        _ core: ServerCore,
        _ tls: TLSMaterial?,
        _ started: StartSignal
    ) {
        do {
            let daemon = try Daemon(taking: listener, core: core, tls: tls)
            let loop = try ServerLoop(core: core, daemon: daemon)
            started.succeed()
            try loop.run()
        } catch {
            started.fail(error)
        }
        core.queue.finish()
    }
}

/// Tells the starting task whether the server's thread could begin.
private final class StartSignal: Sendable {
    private struct State {
        var result: Result<Void, any Error>?
        var waiter: CheckedContinuation<Void, any Error>?
        var late: (any Error)?
    }

    private let state = Mutex(State())

    func succeed() { settle(.success(())) }

    func fail(_ error: any Error) {
        if !settle(.failure(error)) { state.withLock { $0.late = error } }
    }

    /// What broke the loop after it had begun.
    var lateFailure: (any Error)? { state.withLock { $0.late } }

    func wait() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state in
                if state.result == nil { state.waiter = continuation }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }

    @discardableResult
    private func settle(_ result: Result<Void, any Error>) -> Bool {
        let (isFirst, waiter) = state.withLock { state in
            let isFirst = state.result == nil
            if isFirst { state.result = result }
            return (isFirst, isFirst ? state.waiter.take() : nil)
        }
        waiter?.resume(with: result)
        return isFirst
    }
}
