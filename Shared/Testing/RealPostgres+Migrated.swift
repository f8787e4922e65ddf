import Persistence
import Postgres

extension RealPostgres {
    /// The folder of the product's migrations.
    package static let migrations =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        + "/migrations"

    /// Makes a database that holds the product's schema and nothing else, owned by the role `nexora_owner`, and returns the owner's
    /// connection string. A server migrates once: each further database is a copy. `name` nil draws a fresh one.
    package func createMigratedDatabase(_ name: String? = nil) async throws -> String {
        let template = try await migrated.value {
            let name = "migrated"
            let session = PostgresSession(PostgresConfiguration(url: try await createDatabase(name)))
            try await Migrator(session: session, directory: Self.migrations).up()
            await session.close()
            return name
        }
        return try await createDatabase(name, like: template)
    }
}
