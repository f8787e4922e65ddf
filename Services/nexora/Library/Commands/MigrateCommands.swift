import Domain
import Persistence

/// `migrate up|down|status`.
enum MigrateCommands {
    static let all: [CommandSpec] = [up, down, status]

    private static let target = OptionSpec.value("to", "N", "Stop after this migration's number.")

    private static let up = CommandSpec(
        "migrate up",
        "Brings the database's schema to this release's.",
        details: """
            Each migration is one transaction; what came before a failure stays. The scripts are in NEXORA_MIGRATIONS_PATH,
            else in the folder migrations. Another migrator at work is an error, not a wait.
            """,
        options: [target],
        examples: ["nexora migrate up", "nexora migrate up --to 3"]
    ) { invocation, context in
        let target = try invocation.integer("to", in: 1...9999)
        try await migrate(context) { migrator in
            try await migrator.up(to: target) { context.console.progress("applied \($0.folder)") }
        }
    }

    private static let down = CommandSpec(
        "migrate down",
        "Takes migrations back: their tables and everything in them are gone.",
        options: [
            .value("to", "N", "The migration that is to be the last one; 0 takes back all.", required: true),
            .flag("yes", "Really: the data of what is taken back is lost."),
        ],
        examples: ["nexora migrate down --to 4 --yes"]
    ) { invocation, context in
        guard let target = try invocation.integer("to", in: 0...9999), invocation.has("yes") else {
            throw UsageError("this loses data: say --yes", command: invocation.command.words)
        }
        try await migrate(context) { migrator in
            try await migrator.down(to: target) { context.console.progress("took back \($0.folder)") }
        }
    }

    private static let status = CommandSpec(
        "migrate status",
        "Shows which migrations the database has. Exit code 1 when some are missing or were edited.",
        examples: ["nexora migrate status", "nexora migrate status --json"]
    ) { _, context in
        let found = try await context.withDatabase { database in
            try await migrator(context, database).status()
        }
        context.report.list(found.map(OutputRecord.init), none: "no migrations")
        let open = found.filter { if case .applied = $0.state { false } else { true } }
        guard open.isEmpty else {
            throw CommandFailure(
                .failed,
                "\(open.count) of \(found.count) migrations are not as they should be; nexora migrate up applies pending ones"
            )
        }
    }

    private static func migrate(
        _ context: CommandContext,
        _ body: (Migrator) async throws -> [Migration]
    ) async throws {
        let done = try await context.withDatabase { database in try await body(try migrator(context, database)) }
        context.console.endProgress()
        context.report.list(
            done.map { migration in
                var record = OutputRecord()
                record.add("migration", .text(migration.folder))
                record.add("checksum", .text(String(migration.checksum.prefix(12))))
                return record
            },
            none: "nothing to do"
        )
    }

    static func migrator(_ context: CommandContext, _ database: Database) throws -> Migrator {
        try Migrator(session: database.session, directory: try context.settings.migrationsPath())
    }
}

extension OutputRecord {
    /// A migration's state.
    init(_ status: MigrationStatus) {
        self.init()
        add("version", .integer(Int64(status.version)))
        add("name", .text(status.name))
        switch status.state {
        case .pending:
            add("state", .text("pending"))
            add("appliedAt", .null)
        case .applied(let time): add("applied", time)
        case .edited(let time): add("edited", time)
        case .unknown(let time): add("unknown", time)
        }
    }

    private mutating func add(_ state: String, _ time: Int64) {
        add("state", .text(state))
        add("appliedAt", .text(Timestamp(microseconds: time).description))
    }
}
