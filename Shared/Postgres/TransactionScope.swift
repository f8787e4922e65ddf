/// What a transaction still owes the server. Pure.
struct TransactionScope: Sendable {
    /// BEGIN with its settings, until they have been sent with the first statement.
    private var opening: [PGStatement]
    /// The first refusal: the server undoes everything whatever COMMIT says.
    private(set) var failure: PostgresError?

    init(isolation: PGIsolation, settings: [(String, String)]) {
        opening = [PGStatement("BEGIN ISOLATION LEVEL \(isolation.rawValue)")]
        opening += settings.map { PGStatement("SELECT set_config($1, $2, true)", [.text($0.0), .text($0.1)]) }
    }

    /// Whether the server knows of the transaction.
    var isOpen: Bool { opening.isEmpty }

    /// `statements` behind whatever has to go first, and how many went first.
    mutating func group(_ statements: [PGStatement]) -> (group: [PGStatement], ahead: Int) {
        defer { opening = [] }
        return (opening + statements, opening.count)
    }

    mutating func fail(_ error: PostgresError) { failure = failure ?? error }
}

extension PostgresError {
    /// The same error with the caller's numbering of statements.
    func shifted(by ahead: Int) -> PostgresError {
        guard ahead > 0, let statementIndex else { return self }
        return at(statement: max(0, statementIndex - ahead))
    }
}
