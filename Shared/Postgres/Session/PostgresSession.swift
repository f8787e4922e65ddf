package import Concurrency

/// One dedicated connection on a thread of its own, for COPY, batches and whatever must keep its order.
///
/// Calls from many tasks run one after another in the order they came; a transaction keeps its turn until it ends.
/// The session outlives its connections: a call that finds none makes one attempt to connect, no sooner than the backoff
/// allows, and throws `connectionFailed` when that fails; `connect()` tries for ever. A connection that breaks under a call
/// gives `connectionLost`: the call is not repeated, as it may have taken effect.
/// Cancelling a task, or passing its deadline, cancels the statement on the server.
package final class PostgresSession: PGExecutor {
    private let configuration: PostgresConfiguration
    private let worker: WorkerPool
    private let metrics: PostgresMetrics?
    private let link: SessionLink
    private let turnstile = Turnstile()

    /// A session that connects with its first call. `onState` is told, on the session's thread, of every connection
    /// made (true) and lost (false). Traps when the process can have no further thread or descriptor.
    package init(
        _ configuration: PostgresConfiguration,
        name: String = "pg-session",
        backoff: Backoff = Backoff(),
        metrics: PostgresMetrics? = nil,
        onState: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.metrics = metrics
        worker = WorkerPool(name: name, threads: 1)
        do throws(SystemError) {
            link = try SessionLink(configuration, backoff: backoff, onState: onState)
        } catch {
            preconditionFailure("no event descriptor for \(name): \(error)")
        }
    }

    deinit { worker.shutdown() }

    /// Connects, trying for ever with backoff; throws only `cancelled`, `closed` or `misuse` (a connection string that
    /// cannot be read).
    package func connect() async throws(PostgresError) {
        while true {
            do throws(PostgresError) {
                return try await call(nil) { _, _ throws(PostgresError) in }
            } catch {
                guard error.code != .cancelled, error.code != .closed, error.code != .misuse else { throw error }
            }
        }
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        try await call(deadline) { link, call throws(PostgresError) in try link.run(statements, call) }
    }

    /// Runs any number of statements in one text, without parameters, by the simple protocol. Unless the text holds its
    /// own BEGIN, it is one transaction.
    package func script(_ sql: String, deadline: Duration? = nil) async throws(PostgresError) {
        try await call(deadline) { link, call throws(PostgresError) in try link.script(sql, call) }
    }

    /// COPY … FROM STDIN. `source` is called on the session's thread for chunk after chunk, split anywhere, until it gives
    /// nil; what it throws undoes the COPY and is thrown on. Returns the rows copied.
    @discardableResult
    package func copyIn(
        _ sql: String,
        deadline: Duration? = nil,
        _ source: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Int {
        try await call(deadline) { link, call throws(PostgresError) in try link.copyIn(sql, call, source) }.get()
    }

    /// COPY … FROM STDIN of chunks at hand.
    @discardableResult
    package func copyIn(_ sql: String, _ chunks: [[UInt8]], deadline: Duration? = nil) async throws -> Int {
        let source = ChunkSource(chunks)
        return try await copyIn(sql, deadline: deadline) { source.next() }
    }

    /// COPY … TO STDOUT (FORMAT binary): folds every row into `state` on the session's thread, and returns it.
    /// What `row` throws is thrown on once the rest has been read past.
    package func copyOut<State: Sendable>(
        _ sql: String,
        into state: State,
        deadline: Duration? = nil,
        _ row: @escaping @Sendable (inout State, inout PGCopyRow) throws -> Void
    ) async throws -> State {
        try await call(deadline) { link, call throws(PostgresError) in
            try Self.copyOut(sql, into: state, link, call, row)
        }.get()
    }

    /// BEGIN … COMMIT around `body`, in this session's turn: other calls wait. Whatever `body` throws rolls back and is
    /// thrown on. `settings` hold for this transaction only (set_config). BEGIN and settings travel with the first
    /// statement. Inside `body` use the transaction it is given: a call on the session itself would wait for ever.
    @discardableResult
    package func transaction<Success: Sendable>(
        isolation: PGIsolation = .readCommitted,
        settings: [(String, String)] = [],
        _ body: (PostgresSessionTransaction) async throws -> Success
    ) async throws -> Success {
        try await turnstile.enter()
        defer { turnstile.leave() }
        let transaction = PostgresSessionTransaction(self, TransactionScope(isolation: isolation, settings: settings))
        return try await transaction.run(body)
    }

    /// Closes the connection once the calls under way have ended; later calls throw `closed`.
    package func close() async {
        _ = try? await worker.run { [link] in link.drop() }
        worker.shutdown()
    }

    private func call<Result: Sendable>(
        _ deadline: Duration?,
        _ body: @escaping @Sendable (SessionLink, SessionCall) throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        try await turnstile.enter()
        defer { turnstile.leave() }
        return try await perform(deadline) { link, call throws(PostgresError) in
            try link.connect(call)
            return try body(link, call)
        }
    }

    /// Runs `body` on the session's thread, in a turn that the caller holds.
    func perform<Result: Sendable>(
        _ deadline: Duration?,
        isCancellable: Bool = true,
        _ body: @escaping @Sendable (SessionLink, SessionCall) throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        let call = SessionCall(deadline: .after(deadline ?? configuration.statementTimeout))
        let started = SystemClock.monotonicNanoseconds()
        defer { metrics?.observe(since: started) }
        let outcome: Swift.Result<Result, PostgresError>
        do {
            outcome = try await withTaskCancellationHandler {
                try await worker.run { [link] in
                    Swift.Result { () throws(PostgresError) in
                        if let reason = call.interruption { throw PostgresError(reason, "ended before it began") }
                        return try body(link, call)
                    }
                }
            } onCancel: {
                guard isCancellable else { return }
                call.cancel()
                link.wake.signal()
            }
        } catch {
            throw PostgresError(.closed, "the session is closed")
        }
        return try outcome.get()
    }

    static func copyOut<State>(
        _ sql: String,
        into state: State,
        _ link: SessionLink,
        _ call: SessionCall,
        _ row: (inout State, inout PGCopyRow) throws -> Void
    ) throws(PostgresError) -> Swift.Result<State, any Error> {
        var state = state
        var stream = PGCopyStream()
        let outcome = try link.copyOut(sql, call) { message in
            guard var found = try stream.row(in: message) else { return }
            try row(&state, &found)
        }
        return outcome.map { _ in state }
    }
}
