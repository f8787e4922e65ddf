package import Postgres

/// What a repository refuses to do. Never holds a row's data.
package enum PersistenceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A unique key is taken; the constraint's name tells which.
    case alreadyExists(constraint: String)
    /// Rows elsewhere still refer to it, or it refers to a row that is not there.
    case stillReferenced(constraint: String)
    /// A value breaks a rule that only the database knows.
    case refused(constraint: String)
    /// No row that this transaction may see.
    case notFound
    /// Somebody else changed the row since it was read.
    case versionChanged
    /// The tree has no operator yet: `nexora bootstrap` plants it.
    case notBootstrapped
    /// The keyring is not the one that sealed this database's secrets.
    case wrongKeyring

    /// One sentence for people.
    package var description: String {
        switch self {
        case .alreadyExists(let constraint): "exists already (\(constraint))"
        case .stillReferenced(let constraint): "something still refers to it, or it refers to nothing (\(constraint))"
        case .refused(let constraint): "breaks a rule of the database (\(constraint))"
        case .notFound: "does not exist"
        case .versionChanged: "was changed by somebody else meanwhile"
        case .notBootstrapped: "there is no operator yet: run nexora bootstrap"
        case .wrongKeyring: "the keyring is not the one that sealed this database's secrets"
        }
    }

    /// The refusal a constraint stands for, nil for any other failure.
    package init?(_ error: PostgresError) {
        let constraint = error.constraint ?? "unknown"
        switch error.sqlState {
        case "23505": self = .alreadyExists(constraint: constraint)
        case "23503": self = .stillReferenced(constraint: constraint)
        case "23514", "23502", "23P01": self = .refused(constraint: constraint)
        // A row in a tenant that this transaction does not see: for the caller that tenant is not there. The same state
        // without that text is a missing GRANT, which is no answer to the caller.
        case "42501" where error.message.contains("row-level security"): self = .notFound
        default: return nil
        }
    }
}
