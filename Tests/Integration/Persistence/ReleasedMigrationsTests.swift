import FoundationEssentials
import Postgres
import SharedTesting
import Testing

@testable import Persistence

func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}

/// The repository's own migrations against a real server.
@Suite struct ReleasedMigrationsTests {
    @Test(.proves("MIG-01", "MIG-03", "E-64"))
    func `each step forward and back gives exactly the schema before it`() async throws {
        let server = try await RealPostgres.shared()
        let url = try await server.createDatabase()
        let session = PostgresSession(PostgresConfiguration(url: url))
        let migrator = try Migrator(session: session, directory: RealPostgres.migrations)
        let versions = try await migrator.status().map(\.version)
        #expect(versions.count >= 4)
        try await migrator.down(to: 0)
        var schemas = [try await server.dump(url)]
        for version in versions {
            try await migrator.up(to: version)
            schemas.append(try await server.dump(url))
        }
        for (index, version) in versions.enumerated().reversed() {
            #expect(try await server.dump(url) == schemas[index + 1], "after \(version)")
            try await migrator.down(to: index == 0 ? 0 : versions[index - 1])
            #expect(try await server.dump(url) == schemas[index], "back from \(version)")
            // Once more with feeling: the way back must leave a base for the way forward.
            try await migrator.up(to: version)
            #expect(try await server.dump(url) == schemas[index + 1], "forward again to \(version)")
            try await migrator.down(to: index == 0 ? 0 : versions[index - 1])
        }
        #expect(try await migrator.up().map(\.version) == versions)
        await session.close()
    }
}
