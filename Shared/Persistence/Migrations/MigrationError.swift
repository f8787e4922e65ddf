package import Postgres

/// Why the schema was left as it is. Whatever a failed migration had done is undone.
package enum MigrationError: Error, Sendable, CustomStringConvertible {
    /// A file or the folder cannot be read.
    case unreadable(path: String)
    /// A folder that is not called `NNNN-name`, or whose number stands twice.
    case badName(folder: String)
    /// An applied migration whose files have changed since.
    case edited(version: Int, name: String)
    /// The database has a migration that the folder lacks: a newer release was here.
    case unknown(version: Int, name: String)
    /// A migration that is not applied although a later one is.
    case outOfOrder(version: Int, name: String)
    /// No migration has that number.
    case noSuchVersion(Int)
    /// Another process is migrating this database.
    case locked
    /// The script ends the migration's transaction itself.
    case endsTransaction(version: Int, name: String)
    /// The server refused the script.
    case failed(version: Int, name: String, cause: PostgresError)

    package var description: String {
        switch self {
        case .unreadable(let path): "cannot read \(path)"
        case .badName(let folder): "\(folder) is not a migration's folder NNNN-name with a number of its own"
        case .edited(let version, let name):
            "migration \(label(version, name)) was edited after it was applied: restore its files and write a new one"
        case .unknown(let version, let name):
            "the database has migration \(label(version, name)), which this release does not know"
        case .outOfOrder(let version, let name):
            "migration \(label(version, name)) is not applied but a later one is: give it the next number"
        case .noSuchVersion(let version): "there is no migration \(version)"
        case .locked: "another process is migrating this database"
        case .endsTransaction(let version, let name):
            "migration \(label(version, name)) ends its transaction itself: leave BEGIN and COMMIT to the migrator"
        case .failed(let version, let name, let cause): "migration \(label(version, name)) failed: \(cause)"
        }
    }

    private func label(_ version: Int, _ name: String) -> String {
        Migration.folder(version: version, name: name)
    }
}
