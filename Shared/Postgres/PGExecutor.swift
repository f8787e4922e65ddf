/// Whatever runs statements: the pool, a connection of it, a session, a transaction of either.
package protocol PGExecutor: Sendable {
    /// Runs `statements` in one round trip and returns the rows of each, in order. They are one atomic group: when one
    /// fails, nothing of the group stays and the error tells its `statementIndex`.
    /// `deadline` nil takes the configured one.
    func pipeline(_ statements: [PGStatement], deadline: Duration?) async throws(PostgresError) -> [PGRows]
}

extension PGExecutor {
    /// Runs one statement.
    @discardableResult
    package func query(
        _ sql: String,
        _ parameters: [PGValue] = [],
        deadline: Duration? = nil
    ) async throws(PostgresError) -> PGRows {
        try await pipeline([PGStatement(sql, parameters)], deadline: deadline).first ?? .none
    }

    /// `pipeline` with the configured deadline.
    @discardableResult
    package func pipeline(_ statements: [PGStatement]) async throws(PostgresError) -> [PGRows] {
        try await pipeline(statements, deadline: nil)
    }

    /// `pipeline` of SQL texts with their parameters.
    @discardableResult
    package func pipeline(
        _ statements: [(sql: String, parameters: [PGValue])],
        deadline: Duration? = nil
    ) async throws(PostgresError) -> [PGRows] {
        try await pipeline(statements.map { PGStatement($0.sql, $0.parameters) }, deadline: deadline)
    }
}
