package import Postgres

/// Moves a database's schema forward and back, one transaction per migration.
///
/// A session advisory lock keeps other migrators out; it lives in the session's connection, and every migration first makes
/// sure that this connection still holds it. The session must log in as the owner and be used by nobody else meanwhile.
package struct Migrator: Sendable {
    /// "nexora" read as a number: the key of the advisory lock.
    private static let lock: Int64 = 0x6e65_786f_7261

    private let session: PostgresSession
    private let migrations: [Migration]
    private let deadline: Duration

    /// `deadline` bounds one migration's script.
    package init(session: PostgresSession, migrations: [Migration], deadline: Duration = .seconds(3600)) {
        self.session = session
        self.migrations = migrations
        self.deadline = deadline
    }

    /// A migrator of the folder `directory`.
    package init(session: PostgresSession, directory: String) throws(MigrationError) {
        self.init(session: session, migrations: try Migration.all(in: directory))
    }

    /// Applies what is missing up to `target` (nil: all). Returns what it applied; what came before a failure stays.
    @discardableResult
    package func up(
        to target: Int? = nil,
        _ progress: (Migration) -> Void = { _ in }
    ) async throws -> [Migration] {
        try await locked {
            let pending = try MigrationPlan(known: migrations, applied: try await applied()).up(to: target)
            for migration in pending {
                try await run(
                    migration,
                    migration.up,
                    PGStatement(
                        "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                        [.int4(Int32(migration.version)), .text(migration.name), .text(migration.checksum)]
                    )
                )
                progress(migration)
            }
            return pending
        }
    }

    /// Takes back everything after `target`, the latest first; 0 takes back all. Returns what it took back.
    @discardableResult
    package func down(to target: Int, _ progress: (Migration) -> Void = { _ in }) async throws -> [Migration] {
        try await locked {
            let leaving = try MigrationPlan(known: migrations, applied: try await applied()).down(to: target)
            for migration in leaving {
                try await run(
                    migration,
                    migration.down,
                    PGStatement(
                        "DELETE FROM schema_migrations WHERE version = $1",
                        [.int4(Int32(migration.version))]
                    )
                )
                progress(migration)
            }
            return leaving
        }
    }

    /// Every migration of the folder and of the database. Changes nothing.
    package func status() async throws -> [MigrationStatus] {
        MigrationPlan(known: migrations, applied: try await applied()).status
    }

    private func run(_ migration: Migration, _ script: String, _ note: PGStatement) async throws {
        do {
            try await session.transaction { transaction in
                let before = try await transaction.pipeline([Self.heldLocks, Self.transactionID])
                guard before[0].first?[0].int64 == 1 else { throw MigrationError.locked }
                try await transaction.script(script, deadline: deadline)
                let after = try await transaction.pipeline([Self.transactionID])
                guard before[1].first?[0].text == after[0].first?[0].text else {
                    throw MigrationError.endsTransaction(version: migration.version, name: migration.name)
                }
                // A script may have changed it for its own convenience.
                try await transaction.pipeline([PGStatement("SET LOCAL search_path TO DEFAULT"), note])
            }
        } catch let error as PostgresError {
            throw MigrationError.failed(version: migration.version, name: migration.name, cause: error)
        }
    }

    private static let transactionID = PGStatement("SELECT pg_current_xact_id()::text")
    private static let heldLocks = PGStatement(
        """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
            AND classid = \(lock >> 32)::oid AND objid = \(lock & 0xffff_ffff)::oid AND objsubid = 1
        """
    )

    /// The rows of schema_migrations; none where the table does not exist yet.
    private func applied() async throws -> [AppliedMigration] {
        let exists = try await session.query("SELECT to_regclass('schema_migrations') IS NOT NULL")
        guard exists.first?[0].bool == true else { return [] }
        let rows = try await session.query(
            "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version"
        )
        return rows.map { row in
            AppliedMigration(
                version: row[0].int ?? 0,
                name: row[1].text ?? "",
                checksum: row[2].text ?? "",
                appliedAt: row[3].timestamptz ?? 0
            )
        }
    }

    private func locked<Success: Sendable>(_ body: () async throws -> Success) async throws -> Success {
        let taken = try await session.query("SELECT pg_try_advisory_lock($1)", [.int8(Self.lock)])
        guard taken.first?[0].bool == true else { throw MigrationError.locked }
        do {
            try await session.script(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT clock_timestamp())
                """
            )
            let success = try await body()
            try await unlock()
            return success
        } catch {
            try? await unlock()
            throw error
        }
    }

    private func unlock() async throws {
        try await session.query("SELECT pg_advisory_unlock_all()")
    }
}
