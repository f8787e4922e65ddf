/// Where the server is and how this process uses it.
package struct PostgresConfiguration: Sendable {
    /// A libpq connection string, `postgresql://user:password@host:port/database?…`. Secret: it may hold a password.
    package var url: String
    /// Assumed by SET ROLE right after connecting; nil keeps the login's own rights.
    package var role: String?
    /// The pool's size.
    package var maximumConnections: Int
    /// How long one attempt to connect may take; whole seconds, at least 2 (libpq's own limit).
    package var connectTimeout: Duration
    /// The deadline of one statement, pipeline or COPY where the call names none.
    package var statementTimeout: Duration
    /// Shown in pg_stat_activity.
    package var applicationName: String
    /// How many calls may wait for a connection before new ones are refused as `overloaded`.
    package var maximumWaiting: Int

    package init(
        url: String,
        role: String? = nil,
        maximumConnections: Int = 4,
        connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(30),
        applicationName: String = "nexora",
        maximumWaiting: Int = 10_000
    ) {
        precondition(maximumConnections > 0 && maximumWaiting > 0)
        self.url = url
        self.role = role
        self.maximumConnections = maximumConnections
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.applicationName = applicationName
        self.maximumWaiting = maximumWaiting
    }
}

/// One SQL text with its parameters.
package struct PGStatement: Sendable {
    package let sql: String
    package let parameters: [PGValue]

    package init(_ sql: String, _ parameters: [PGValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

/// How far a transaction is kept apart from the others.
package enum PGIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
