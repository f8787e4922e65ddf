/// One failure of the database adapter. Its text never holds a row's data, a parameter or a password.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, as far as the adapter can tell it apart.
    package enum Code: String, Sendable, Equatable {
        /// No connection could be made (refused, unreachable, not resolved, still starting, login refused).
        case connectionFailed
        /// The connection broke under a statement: whether the statement took effect is unknown.
        case connectionLost
        /// The statement's deadline passed; the server was told to cancel it.
        case deadlineExceeded
        /// The calling task was cancelled.
        case cancelled
        /// The server refused the statement; `sqlState` tells why.
        case server
        /// The queue of waiting statements is full.
        case overloaded
        /// The pool or session was shut down.
        case closed
        /// A result does not have the shape that its reader asked for, or the adapter was used against its contract.
        case misuse
    }

    /// What a caller can do about it.
    package enum Disposition: Sendable, Equatable {
        /// An outage, a conflict or a lack of resources: the same work can succeed later.
        case retry
        /// This statement with this data never succeeds: constraint, bad value, raised exception.
        case permanent
        /// The program, the schema or the configuration is wrong: no data will succeed until someone mends it.
        case fatal
    }

    package let code: Code
    /// Five characters; nil where no server spoke.
    package let sqlState: String?
    /// The server's primary message, or the adapter's own.
    package let message: String
    /// The constraint that the statement violated.
    package let constraint: String?
    /// The statement's place in its pipeline, from 0.
    package let statementIndex: Int?
    package let file: String
    package let line: Int

    package init(
        _ code: Code,
        _ message: String,
        sqlState: String? = nil,
        constraint: String? = nil,
        statementIndex: Int? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.sqlState = sqlState
        self.message = Self.withoutData(message, sqlState: sqlState)
        self.constraint = constraint
        self.statementIndex = statementIndex
        self.file = file
        self.line = line
    }

    package var disposition: Disposition {
        switch code {
        case .connectionLost, .deadlineExceeded, .cancelled, .overloaded: .retry
        case .connectionFailed: sqlState.map(Self.disposition(ofSQLState:)) ?? .retry
        case .closed, .misuse: .fatal
        case .server where isStalePlan: .retry
        case .server: sqlState.map(Self.disposition(ofSQLState:)) ?? .fatal
        }
    }

    /// The connection's prepared statement was lost, or a migration changed what it returns: preparing anew helps.
    var isStalePlan: Bool { sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan")) }

    package var description: String {
        var text = "postgres \(code.rawValue)"
        if let sqlState { text += " \(sqlState)" }
        if let statementIndex { text += " in statement \(statementIndex)" }
        text += ": \(message)"
        return text
    }

    /// The same failure, told of one statement of a pipeline.
    func at(statement index: Int) -> PostgresError {
        PostgresError(
            code,
            message,
            sqlState: sqlState,
            constraint: constraint,
            statementIndex: index,
            file: file,
            line: line
        )
    }

    /// Appendix A of the server's manual, by class and where needed by code.
    static func disposition(ofSQLState state: String) -> Disposition {
        switch state {
        case "57014", "57P01", "57P02", "57P03", "57P05", "55P03", "55006", "25006", "25P03", "26000": return .retry
        default: break
        }
        switch state.prefix(2) {
        case "08", "40", "53", "58": return .retry
        case "22", "23", "44", "P0", "21", "2F", "38", "39": return .permanent
        default: return .fatal
        }
    }

    /// Messages of class 22 quote the value that was refused; it is cut off.
    private static func withoutData(_ message: String, sqlState: String?) -> String {
        guard let sqlState, sqlState.hasPrefix("22"), let quote = message.utf8.firstIndex(of: UInt8(ascii: "\"")) else {
            return message
        }
        return String(message[..<quote]) + "(value withheld)"
    }
}
