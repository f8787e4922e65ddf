import Domain
import Persistence

/// `tenant deletion request|cancel|list|carry-out` and `archive list|export|shred`.
enum DeletionCommands {
    static let all: [CommandSpec] = [request, cancel, list, carryOut, archives, export, shred]

    private static let request = CommandSpec(
        "tenant deletion request",
        "Asks for a tenant's end: suspends it at once, and can be taken back until it is carried out.",
        details: "Refused while tenants stand below it. Nothing is removed before deletion carry-out.",
        arguments: [TenancyCommands.reference],
        options: [
            .value("days", "N", "Days to wait at the least, 7 to 3650; default 30."), .value("note", "TEXT", "Why."),
        ],
        examples: ["nexora tenant deletion request corner --days 30 --note \"contract ended\""]
    ) { invocation, context in
        let days = try invocation.integer("days", in: TenancyStore.minimumWaitingDays...3_650) ?? 30
        context.report.one(
            try await change(invocation, context) { tenancy, tenant in
                let deletion = try await tenancy.requestDeletion(
                    of: tenant.id,
                    waitingDays: days,
                    note: invocation.string("note") ?? "",
                    by: AuditActor.system.id
                )
                return OutputRecord(deletion, names: [tenant.id: tenant.subdomain])
            }
        )
    }

    private static let cancel = CommandSpec(
        "tenant deletion cancel",
        "Takes a tenant's deletion back; the tenant is served again.",
        arguments: [TenancyCommands.reference],
        examples: ["nexora tenant deletion cancel corner"]
    ) { invocation, context in
        context.report.one(
            try await change(invocation, context) { tenancy, tenant in
                try await tenancy.cancelDeletion(of: tenant.id, by: AuditActor.system.id)
                var record = OutputRecord()
                record.add("tenant", .text(tenant.subdomain))
                record.add("active", .boolean(try await tenancy.standing(of: tenant.id).isActive))
                return record
            }
        )
    }

    private static let list = CommandSpec(
        "tenant deletion list",
        "Lists the deletions that wait, the next first.",
        examples: ["nexora tenant deletion list --json"]
    ) { invocation, context in
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await TenancyStore(directory.transaction, ids: context.ids, time: context.time)
                .pendingDeletions().map { OutputRecord($0, names: names) }
        }
        context.report.list(records, none: "no deletions wait")
    }

    private static let carryOut = CommandSpec(
        "tenant deletion carry-out",
        "Removes a tenant whose waiting time is over, with all it has. Nothing undoes it.",
        details: """
            What the law wants kept (the audit trail, who had which address) goes sealed into the legal archive first, all in one
            transaction.
            """,
        arguments: [TenancyCommands.reference],
        options: [.value("confirm", "SUBDOMAIN", "The tenant's subdomain once more.", required: true)],
        examples: ["nexora tenant deletion carry-out corner --confirm corner"]
    ) { invocation, context in
        let record = try await context.withDatabase { database in
            let keyring = try await context.keyring(for: database)
            let tenant = try await context.inDirectory(database, invocation) {
                try await $0.tenant(try invocation.requiredArgument("TENANT"))
            }
            guard invocation.string("confirm") == tenant.subdomain else {
                throw invocation.invalid("confirm", "must be the tenant's subdomain")
            }
            let outcome = try await database.purge(
                tenant.id,
                keyring: keyring,
                ids: context.ids,
                time: context.time
            )
            var record = OutputRecord()
            record.add("tenant", .text(tenant.subdomain))
            record.add("removedRows", .integer(outcome.removed))
            record.add("archives", .list(outcome.archives.map { .text($0.description) }))
            return record
        }
        context.report.one(record)
    }

    // MARK: - The archive

    private static let archives = CommandSpec(
        "archive list",
        "Lists what is kept of tenants that are gone.",
        examples: ["nexora archive list --json"]
    ) { _, context in
        let records = try await context.withDatabase { database in
            try await database.legalArchives().map { archive in
                var record = OutputRecord()
                record.add("id", .text(archive.id.description))
                record.add("tenant", .text(archive.subdomain))
                record.add("purpose", .text(archive.purpose.rawValue))
                record.add("rows", .integer(archive.rows))
                record.add("purgedAt", .text(archive.purgedAt.description))
                record.add("keepUntil", .text(archive.keepUntil.description))
                record.add("shreddedAt", .optional(archive.shreddedAt?.description))
                record.add("name", .text(archive.name), detail: true)
                record.add("tenantId", .text(archive.formerTenantID.description), detail: true)
                return record
            }
        }
        context.report.list(records, none: "the archive is empty")
    }

    private static let export = CommandSpec(
        "archive export",
        "Opens one archive into a file: a line of JSON for each row, behind the name of its table.",
        arguments: [ArgumentSpec("ID", "The archive's id.")],
        options: [.value("out", "FILE", "A file that is not there yet; readable by its owner only.", required: true)],
        examples: ["nexora archive export 0197f0c2-0000-7000-8000-000000000001 --out /safe/corner.jsonl"]
    ) { invocation, context in
        let id = try identifier(invocation)
        let path = try invocation.required("out")
        try PrivateFile.checkNew(path)
        let (text, rows) = try await context.withDatabase { database in
            let keyring = try await context.keyring(for: database)
            var text = ""
            var rows: Int64 = 0
            try await database.readLegalArchive(id, keyring: keyring) { source, lines in
                for line in String(decoding: lines, as: UTF8.self).split(separator: "\n") {
                    text += "{\"table\":\"\(source)\",\"row\":\(line)}\n"
                    rows += 1
                }
            }
            let operatorID = try await database.operatorTenant()
            try await database.transaction(in: operatorID) {
                try await AuditLog($0).append(
                    context.auditEntry(operatorID, .export, AuditResource("legal_archive", id))
                )
            }
            return (text, rows)
        }
        try PrivateFile.write(text, to: path)
        var record = OutputRecord()
        record.add("file", .text(path))
        record.add("rows", .integer(rows))
        context.report.one(record)
    }

    private static let shred = CommandSpec(
        "archive shred",
        "Destroys the keys of archives whose time is over, or of one before its time. Nothing opens them again.",
        arguments: [ArgumentSpec("ID", "The archive's id.", required: false)],
        options: [.flag("expired", "All whose time is over.")],
        examples: ["nexora archive shred --expired"]
    ) { invocation, context in
        let id = invocation.argument("ID") == nil ? nil : try identifier(invocation)
        guard (id == nil) == invocation.has("expired") else {
            throw UsageError("give an ID or --expired", command: invocation.command.words)
        }
        let shredded = try await context.withDatabase { database in
            let count = try await database.shredLegalArchives(id, now: context.time.now())
            let operatorID = try await database.operatorTenant()
            try await database.transaction(in: operatorID) {
                try await AuditLog($0).append(
                    context.auditEntry(operatorID, .delete, AuditResource("legal_archive", id))
                )
            }
            return count
        }
        var record = OutputRecord()
        record.add("shredded", .integer(Int64(shredded)))
        context.report.one(record)
    }

    private static func identifier(_ invocation: Invocation) throws(UsageError) -> UUID128 {
        guard let id = UUID128(try invocation.requiredArgument("ID")) else {
            throw UsageError("ID: must be an id as archive list shows it", command: invocation.command.words)
        }
        return id
    }

    private static func change(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ body: (TenancyStore, Tenant) async throws -> OutputRecord
    ) async throws -> OutputRecord {
        try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            let tenancy = TenancyStore(directory.transaction, ids: context.ids, time: context.time)
            let before = try await tenancy.deletion(of: tenant.id)
            let record = try await body(tenancy, tenant)
            let after = try await tenancy.deletion(of: tenant.id)
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    tenant.id,
                    .update,
                    AuditResource("tenant_deletion", tenant.id),
                    .updated(["due_at": .described(before?.dueAt)], ["due_at": .described(after?.dueAt)])
                )
            )
            return record
        }
    }
}

extension OutputRecord {
    /// A deletion that waits.
    init(_ deletion: TenantDeletion, names: [TenantID: String]) {
        self.init()
        add("tenant", .text(names[deletion.tenantID] ?? deletion.tenantID.description))
        add("requestedAt", .text(deletion.requestedAt.description))
        add("dueAt", .text(deletion.dueAt.description))
        add("note", .text(deletion.note))
        add("actor", .text(deletion.actorID.description), detail: true)
    }
}
