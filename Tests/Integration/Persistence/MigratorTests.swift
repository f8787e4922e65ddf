import Postgres
import SharedTesting
import Testing

@testable import Persistence

@Suite struct MigratorTests {
    private static let people = Migration(
        version: 1,
        name: "people",
        up:
            "CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL); CREATE INDEX people_name ON people (name);",
        down: "DROP TABLE people;"
    )
    private static let ages = Migration(
        version: 2,
        name: "ages",
        up: "ALTER TABLE people ADD age integer; CREATE VIEW adults AS SELECT id FROM people WHERE age >= 18;",
        down: "DROP VIEW adults; ALTER TABLE people DROP age;"
    )

    private func fresh() async throws -> (url: String, session: PostgresSession) {
        let url = try await RealPostgres.shared().createDatabase()
        return (url, PostgresSession(PostgresConfiguration(url: url)))
    }

    @Test(.proves("MIG-01", "MIG-03"))
    func `up, down and up again keep the data and give back exactly the schema`() async throws {
        let (url, session) = try await fresh()
        let server = try await RealPostgres.shared()
        let migrator = Migrator(session: session, migrations: [Self.people, Self.ages])
        #expect(try await migrator.status().map(\.state) == [.pending, .pending])
        #expect(try await migrator.up(to: 1).map(\.version) == [1])
        try await session.query("INSERT INTO people SELECT i, 'name ' || i FROM generate_series(1, 1000) i")
        let first = try await server.dump(url)
        #expect(try await migrator.up().map(\.version) == [2])
        let second = try await server.dump(url)
        #expect(first != second)
        #expect(try await migrator.up().isEmpty)
        #expect(try await migrator.down(to: 1).map(\.version) == [2])
        #expect(try await server.dump(url) == first)
        #expect(try await migrator.up().map(\.version) == [2])
        #expect(try await server.dump(url) == second)
        #expect(try await session.query("SELECT count(*) FROM people").first?[0].int == 1000)
        #expect(try await migrator.down(to: 0).map(\.version) == [2, 1])
        #expect(try await session.query("SELECT to_regclass('people') IS NULL").first?[0].bool == true)
        await session.close()
    }

    @Test(.proves("MIG-02")) func `an applied migration that was edited is refused by its name`() async throws {
        let (_, session) = try await fresh()
        try await Migrator(session: session, migrations: [Self.people]).up()
        for (up, down) in [(Self.people.up + " ", Self.people.down), (Self.people.up, Self.people.down + " ")] {
            let edited = Migration(version: 1, name: "people", up: up, down: down)
            let migrator = Migrator(session: session, migrations: [edited, Self.ages])
            let error = await #expect(throws: MigrationError.self) { try await migrator.up() }
            #expect(error?.description.contains("0001-people") == true)
            await #expect(throws: MigrationError.self) { try await migrator.down(to: 0) }
            guard case .edited = try await migrator.status()[0].state else {
                Issue.record("the status does not tell of the edit")
                return
            }
        }
        await session.close()
    }

    @Test(.proves("MIG-02")) func `a migration that fails leaves nothing behind`() async throws {
        let (_, session) = try await fresh()
        let broken = Migration(version: 2, name: "broken", up: "CREATE TABLE half (id int); SELECT 1 / 0;", down: "")
        let migrator = Migrator(session: session, migrations: [Self.people, broken])
        let error = await #expect(throws: MigrationError.self) { try await migrator.up() }
        #expect(error?.description.contains("0002-broken") == true)
        #expect(try await session.query("SELECT to_regclass('half') IS NULL").first?[0].bool == true)
        #expect(try await migrator.status().map(\.state).last == .pending)
        // The lock is free again.
        #expect(try await Migrator(session: session, migrations: [Self.people]).down(to: 0).count == 1)
        await session.close()
    }

    @Test func `a script may not end its own transaction`() async throws {
        let (_, session) = try await fresh()
        let rash = Migration(version: 1, name: "rash", up: "COMMIT; BEGIN;", down: "")
        let error = await #expect(throws: MigrationError.self) {
            try await Migrator(session: session, migrations: [rash]).up()
        }
        guard case .endsTransaction = error else {
            Issue.record("got \(String(describing: error))")
            return
        }
        await session.close()
    }

    @Test func `only one process migrates at a time`() async throws {
        let (url, session) = try await fresh()
        let other = PostgresSession(PostgresConfiguration(url: url))
        let slow = Migration(version: 1, name: "slow", up: "SELECT pg_advisory_xact_lock(1);", down: "")
        try await other.query("SELECT pg_advisory_lock(1)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Migrator(session: session, migrations: [slow]).up() }
            try await eventually {
                let waiting =
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
                    + "(SELECT oid FROM pg_database WHERE datname = current_database())"
                return try await other.query(waiting).first?[0].int == 1
            }
            let error = await #expect(throws: MigrationError.self) {
                try await Migrator(session: other, migrations: [slow]).up()
            }
            guard case .locked = error else { throw error ?? MigrationError.locked }
            try await other.query("SELECT pg_advisory_unlock_all()")
            try await group.waitForAll()
        }
        await session.close()
        await other.close()
    }

    @Test func `the order of numbers and what only the database knows are refused`() {
        func row(_ migration: Migration) -> AppliedMigration {
            AppliedMigration(
                version: migration.version,
                name: migration.name,
                checksum: migration.checksum,
                appliedAt: 0
            )
        }
        let late = MigrationPlan(known: [Self.people, Self.ages], applied: [row(Self.ages)])
        #expect(throws: MigrationError.self) { try late.up(to: nil) }
        let newer = MigrationPlan(known: [Self.people], applied: [row(Self.people), row(Self.ages)])
        #expect(throws: MigrationError.self) { try newer.up(to: nil) }
        #expect(newer.status.map(\.state) == [.applied(at: 0), .unknown(at: 0)])
        let plain = MigrationPlan(known: [Self.people], applied: [])
        #expect(throws: MigrationError.self) { try plain.up(to: 7) }
        #expect(throws: MigrationError.self) { try plain.down(to: 7) }
    }

    @Test func `folders are read by number, and a wrong one is named`() throws {
        let directory = try TemporaryDirectory()
        func write(_ folder: String, _ files: [String]) throws {
            try makeFolder(directory.file(folder))
            for file in files { try directory.write("SELECT '\(folder)';", to: "\(folder)/\(file)") }
        }
        try write("0002-second", ["up.sql", "down.sql"])
        try write("0001-first-of-all", ["up.sql", "down.sql"])
        try directory.write("not a migration", to: "README.md")
        let read = try Migration.all(in: directory.path)
        #expect(read.map(\.folder) == ["0001-first-of-all", "0002-second"])
        #expect(read[0].up == "SELECT '0001-first-of-all';")
        #expect(read[0].checksum.count == 64 && read[0].checksum != read[1].checksum)
        try write("0003-half", ["up.sql"])
        let error = #expect(throws: MigrationError.self) { try Migration.all(in: directory.path) }
        #expect(error?.description.contains("0003-half/down.sql") == true)
        try write("3-short", ["up.sql", "down.sql"])
        #expect(throws: MigrationError.self) { try Migration.all(in: directory.path) }
        #expect(throws: MigrationError.self) { try Migration.all(in: directory.file("nowhere")) }
    }
}
