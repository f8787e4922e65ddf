import Crypto
import Domain
import Persistence

/// What an import did, or would do.
struct ImportOutcome: Sendable {
    var customers = 0
    var services = 0
    var problems: [ImportProblem] = []
    /// Lines of the file with a record.
    var records = 0
    /// Nothing was stored: a dry run, or problems without leave to skip them.
    var isStored = false
    /// What was made up, for those who have to be told: user name and password.
    var generated: [(username: String, password: String)] = []
}

/// Takes an import file's rows into one tenant: all or nothing, unless bad rows may be left out.
struct Importer {
    let context: CommandContext
    let tenant: TenantID
    let secrets: DirectorySecrets
    let isDryRun: Bool
    let skipsBad: Bool

    /// What tells the database's answer from a failure: it undoes the transaction on purpose.
    private struct Undo: Error {
        let outcome: ImportOutcome
    }

    /// Stores the rows. `beforeCommit` runs when everything is stored but not yet final; what it throws undoes it all.
    func run(
        _ file: ImportFile,
        on database: Database,
        beforeCommit: (ImportOutcome) throws -> Void
    ) async throws -> ImportOutcome {
        var outcome = ImportOutcome()
        outcome.records = file.recordCount
        outcome.problems = file.problems
        // A file that is wrong in itself is refused here unless the database's complaints are wanted, too.
        let (rows, passwords) = try seal(file)
        do {
            return try await database.transaction(in: tenant) { [outcome] transaction in
                try await store(file, rows, passwords, transaction, outcome, beforeCommit)
            }
        } catch let undo as Undo {
            return undo.outcome
        }
    }

    private func store(
        _ file: ImportFile,
        _ rows: [ImportedRow],
        _ passwords: [Int: String],
        _ transaction: ScopedTransaction,
        _ begun: ImportOutcome,
        _ beforeCommit: (ImportOutcome) throws -> Void
    ) async throws -> ImportOutcome {
        var file = file
        var outcome = begun
        let store = DirectoryImport(transaction, tenant: tenant)
        let console = context.console
        try await store.send(rows) { console.progress("sent \($0) of \(rows.count) rows") }
        console.progress("comparing with what is stored")
        file.add(problems: try await store.conflicts().map { Self.problem($0.line, $0.conflict, rows) })
        outcome.problems = file.problems
        if !file.problems.isEmpty && !skipsBad { throw Undo(outcome: outcome) }
        let kept = Set(file.rows.map(\.line))
        try await store.leaveOut(lines: rows.map(\.line).filter { !kept.contains($0) })
        console.progress("storing customers")
        outcome.customers = try await store.storeCustomers()
        console.progress("storing services")
        outcome.services = try await store.storeServices()
        console.progress("storing passwords")
        _ = try await store.storeCredentials()
        outcome.generated = file.rows.compactMap { row in
            guard let service = row.service, let password = passwords[row.line] else { return nil }
            return (service.service.username, password)
        }
        if isDryRun { throw Undo(outcome: outcome) }
        outcome.isStored = true
        try beforeCommit(outcome)
        return outcome
    }

    /// The rows as the database takes them, passwords sealed, and the passwords that were made up, by line.
    private func seal(_ file: ImportFile) throws -> ([ImportedRow], [Int: String]) {
        var generated: [Int: String] = [:]
        var rows: [ImportedRow] = []
        rows.reserveCapacity(file.rows.count)
        for row in file.rows {
            if rows.count % 5_000 == 0 { context.console.progress("sealing \(rows.count) of \(file.rows.count) rows") }
            var sealed: [UInt8]?
            if let new = row.service {
                var password = new.password
                if new.needsPassword {
                    password = SecretSource.generated(length: 12)
                    generated[row.line] = password
                }
                if let password {
                    sealed = try secrets.seal(password: Array(password.utf8), of: new.service.id, tenant: tenant)
                }
            }
            rows.append(
                ImportedRow(
                    line: row.line,
                    code: row.code,
                    customer: row.customer,
                    service: row.service?.service,
                    plan: row.service?.plan,
                    sealedPassword: sealed
                )
            )
        }
        return (rows, generated)
    }

    private static func problem(_ line: Int, _ conflict: ImportConflict, _ rows: [ImportedRow]) -> ImportProblem {
        switch conflict {
        case .customerExists:
            ImportProblem(
                line: line,
                column: .code,
                "is stored already; leave the customer's columns empty to add a service to him"
            )
        case .customerMissing:
            ImportProblem(line: line, column: .code, "is no customer: give name, phone and address on his first line")
        case .planMissing:
            ImportProblem(line: line, column: .plan, "is no plan of this tenant: \"\(plan(line, rows).displayable)\"")
        case .usernameExists: ImportProblem(line: line, column: .username, "is taken by a stored service")
        }
    }

    private static func plan(_ line: Int, _ rows: [ImportedRow]) -> String {
        // Rows stand in the file's order.
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].line < line { low = middle + 1 } else { high = middle }
        }
        return low < rows.count ? rows[low].plan ?? "" : ""
    }
}
