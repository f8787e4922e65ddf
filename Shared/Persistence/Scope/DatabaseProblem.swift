import Postgres

/// A failure of the database in words for the person at the command line.
package enum DatabaseProblem: Sendable, Equatable {
    /// The server cannot be reached, or broke off: nothing is known to be wrong with what was asked.
    case unavailable(String)
    /// The server refused.
    case refused(String)

    /// The problem an error stands for, nil when it did not come from the database.
    package init?(_ error: any Error) {
        guard let error = error as? PostgresError else { return nil }
        switch error.code {
        case .connectionFailed, .connectionLost, .closed: self = .unavailable(error.description)
        default: self = error.disposition == .retry ? .unavailable(error.description) : .refused(error.description)
        }
    }
}
