import Domain
import Persistence

/// `import`.
enum ImportCommand {
    static let all: [CommandSpec] = [
        CommandSpec(
            "import",
            "Imports customers with their services from a CSV file.",
            details: details,
            arguments: [ArgumentSpec("FILE", "The file; - reads standard input.")],
            options: [
                SharedOptions.owner, .flag("dry-run", "Check everything, the database included, and store nothing."),
                .flag(
                    "skip-bad",
                    "Leave bad rows out and store the others; otherwise one bad row refuses the whole file."
                ),
                .value("passwords-out", "FILE", "Where passwords that are made up go: a new CSV file, mode 0600."),
            ],
            examples: [
                "nexora import customers.csv --tenant acme --dry-run",
                "nexora import customers.csv --tenant acme --passwords-out passwords.csv",
                "nexora import customers.csv --tenant acme --skip-bad --json",
            ],
            action: run
        )
    ]

    private static var details: String {
        let columns = ImportColumn.allCases.map { "  " + $0.rawValue.padded(to: 24) + $0.meaning }
        return """
            The first line names the columns, in any order; the delimiter is a comma or a semicolon, the text UTF-8. Columns:
            \(columns.joined(separator: "\n"))

            Every bad row is told with its line and the reason (exit code 65), and nothing at all is stored.
            """
    }

    /// No file is larger: it is held in memory while it is checked.
    private static let maximumBytes = 1 << 30

    private static func run(_ invocation: Invocation, _ context: CommandContext) async throws {
        let path = try invocation.requiredArgument("FILE")
        let isDryRun = invocation.has("dry-run")
        let passwordsPath = invocation.string("passwords-out")
        if let passwordsPath { try PrivateFile.checkNew(passwordsPath) }
        let bytes = try PrivateFile.read(path, limit: maximumBytes)
        let outcome = try await context.withDatabase { database in
            let tenant = try await context.inDirectory(database, invocation) { $0.root }
            let file = try ImportFile(bytes, tenant: tenant, ids: context.ids) { share in
                context.console.progress("reading \(Int(share * 100)) %")
            }
            if passwordsPath == nil, !isDryRun, let row = file.rows.first(where: { $0.service?.needsPassword == true })
            {
                throw CommandFailure(
                    .badData,
                    "line \(row.line) has no password: say where made-up ones go with --passwords-out FILE"
                )
            }
            let importer = Importer(
                context: context,
                tenant: tenant,
                secrets: DirectorySecrets(try await context.keyring(for: database)),
                isDryRun: isDryRun,
                skipsBad: invocation.has("skip-bad")
            )
            do {
                return try await importer.run(file, on: database) { outcome in
                    // On disk before the commit: a password that nobody knows would be worse than one nobody needs.
                    if let passwordsPath { try PrivateFile.write(passwordsFile(outcome.generated), to: passwordsPath) }
                }
            } catch {
                // A connection that broke under the COMMIT leaves open whether it took effect: then the passwords are kept.
                if case .unavailable = DatabaseProblem(error) { throw error }
                if let passwordsPath, !isDryRun { PrivateFile.remove(passwordsPath) }
                throw error
            }
        }
        context.console.endProgress()
        try tell(outcome, isDryRun: isDryRun, context)
    }

    private static func passwordsFile(_ generated: [(username: String, password: String)]) -> String {
        "username,password\n"
            + generated.map { name, password in
                let quoted =
                    name.contains { ",\"\n;".contains($0) }
                    ? "\"" + name.replacing("\"", with: "\"\"") + "\"" : name
                return "\(quoted),\(password)\n"
            }.joined()
    }

    private static func tell(_ outcome: ImportOutcome, isDryRun: Bool, _ context: CommandContext) throws {
        let badLines = Set(outcome.problems.map(\.line)).count
        var record = OutputRecord()
        record.add("rows", .integer(Int64(outcome.records)))
        record.add("badRows", .integer(Int64(badLines)))
        record.add("customers", .integer(Int64(outcome.customers)))
        record.add("services", .integer(Int64(outcome.services)))
        record.add("passwordsGenerated", .integer(Int64(outcome.generated.count)))
        record.add("stored", .boolean(outcome.isStored))
        if context.isJSON {
            record.add(
                "problems",
                .list(
                    outcome.problems.map { problem in
                        var record = OutputRecord()
                        record.add("line", .integer(Int64(problem.line)))
                        record.add("column", .optional(problem.column))
                        record.add("reason", .text(problem.reason))
                        return .record(record)
                    }
                )
            )
        } else {
            for problem in outcome.problems { context.console.note(problem.text) }
        }
        context.report.one(record)
        guard outcome.problems.isEmpty || outcome.isStored else {
            throw CommandFailure(.badData, "\(badLines) bad rows; nothing was stored")
        }
    }
}
