import Synchronization

/// The transaction that `PostgresSession.transaction` opens; useless after its body has returned.
package final class PostgresSessionTransaction: PGExecutor {
    private let pin: SessionPin
    private let statements: PostgresTransaction

    init(_ session: PostgresSession, _ scope: TransactionScope) {
        let pin = SessionPin(session)
        self.pin = pin
        statements = PostgresTransaction(scope) { group, deadline, isCancellable throws(PostgresError) in
            try await pin.perform(deadline, isCancellable: isCancellable) { link, call throws(PostgresError) in
                try link.run(group, call)
            }
        } rollBack: {
            await pin.rollBack()
        }
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        try await self.statements.pipeline(statements, deadline: deadline)
    }

    /// As ``PostgresTransaction/finish(with:)``.
    package func finish(with statement: PGStatement) { statements.finish(with: statement) }

    /// As `PostgresSession.script`, inside the transaction.
    package func script(_ sql: String, deadline: Duration? = nil) async throws {
        try await noting { [pin] in
            try await pin.perform(deadline) { link, call throws(PostgresError) in try link.script(sql, call) }
        }
    }

    /// As `PostgresSession.copyIn`, inside the transaction.
    @discardableResult
    package func copyIn(
        _ sql: String,
        deadline: Duration? = nil,
        _ source: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Int {
        try await noting { [pin] in
            try await pin.perform(deadline) { link, call throws(PostgresError) in
                try link.copyIn(sql, call, source)
            }.get()
        }
    }

    /// As `PostgresSession.copyIn`, inside the transaction.
    @discardableResult
    package func copyIn(_ sql: String, _ chunks: [[UInt8]], deadline: Duration? = nil) async throws -> Int {
        let source = ChunkSource(chunks)
        return try await copyIn(sql, deadline: deadline) { source.next() }
    }

    /// As `PostgresSession.copyOut`, inside the transaction.
    package func copyOut<State: Sendable>(
        _ sql: String,
        into state: State,
        deadline: Duration? = nil,
        _ row: @escaping @Sendable (inout State, inout PGCopyRow) throws -> Void
    ) async throws -> State {
        try await noting { [pin] in
            try await pin.perform(deadline) { link, call throws(PostgresError) in
                try PostgresSession.copyOut(sql, into: state, link, call, row)
            }.get()
        }
    }

    func run<Success: Sendable>(
        _ body: (PostgresSessionTransaction) async throws -> Success
    ) async throws -> Success {
        try await statements.run { try await body(self) }
    }

    private func noting<Success>(_ body: () async throws -> Success) async throws -> Success {
        try await statements.open()
        do {
            return try await body()
        } catch {
            statements.fail(error as? PostgresError ?? PostgresError(.misuse, "a COPY of the transaction was given up"))
            throw error
        }
    }
}

/// Connects for a transaction's first call, then insists on that connection.
private final class SessionPin: Sendable {
    private let session: PostgresSession
    private let generation = Mutex<UInt64?>(nil)

    init(_ session: PostgresSession) { self.session = session }

    func perform<Result: Sendable>(
        _ deadline: Duration?,
        isCancellable: Bool = true,
        _ body: @escaping @Sendable (SessionLink, SessionCall) throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        let pinned = generation.withLock { $0 }
        let (used, result) = try await session.perform(deadline, isCancellable: isCancellable) {
            link,
            call throws(PostgresError) in
            if let pinned {
                guard link.wire != nil, link.generation == pinned else {
                    throw PostgresError(.connectionLost, "the transaction's connection broke")
                }
            } else {
                try link.connect(call)
            }
            let used = link.generation
            return (used, Swift.Result { () throws(PostgresError) in try body(link, call) })
        }
        generation.withLock { $0 = used }
        return try result.get()
    }

    /// Ends the transaction, or the connection where that fails. Cancelled or not, a task has to.
    func rollBack() async {
        guard let pinned = generation.withLock({ $0 }) else { return }
        _ = try? await session.perform(.seconds(5), isCancellable: false) { link, call throws(PostgresError) in
            guard link.wire != nil, link.generation == pinned else { return }
            do throws(PostgresError) { _ = try link.run([PGStatement("ROLLBACK")], call) } catch { link.drop() }
        }
    }
}
