import Crypto
import Domain
import Persistence

/// `audit verify|search|checkpoint|key`.
enum AuditCommands {
    static let all: [CommandSpec] = [verify, search, checkpoint, key]

    private static let verify = CommandSpec(
        "audit verify",
        "Proves that the audit trail is whole, or says which entry is the first that cannot be trusted.",
        details: """
            Walks each tenant's chain from its beginning: every entry's hash, gaps, the end, and the signed checkpoints. Exit
            code 1 when a chain is broken. Who owns the database can remove the newest entries together with the checkpoints
            that saw them: --with compares with copies that audit checkpoint --out kept elsewhere.
            """,
        options: [
            SharedOptions.scope,
            .value("with", "FILE", "Checkpoints that were kept outside the database.", repeated: true),
            .flag("unsigned", "Without the keyring: hashes and gaps only."),
        ],
        examples: ["nexora audit verify", "nexora audit verify --tenant acme --with /safe/checkpoints.jsonl --json"]
    ) { invocation, context in
        let kept = try invocation.strings("with").flatMap { try checkpoints(in: $0) }
        let keyring = invocation.has("unsigned") ? nil : try context.keyring()
        var records: [OutputRecord] = []
        var broken = 0
        try await context.withDatabase { database in
            let (root, names) = try await scope(invocation, context, database)
            try await database.verifyAudit(in: root, keyring: keyring, kept: kept, now: context.time.now()) { verdict in
                records.append(OutputRecord(verdict, names: names))
                if verdict.flaw != nil { broken += 1 }
                if verdict.unknownCheckpoints > 0, keyring != nil {
                    context.report.note(
                        "nexora: warning: \(verdict.unknownCheckpoints) checkpoints of \(verdict.tenantID) were signed with"
                            + " a key that is not in the keyring"
                    )
                }
            }
        }
        context.report.list(records, none: "no audit trail")
        guard broken == 0 else { throw CommandFailure(.failed, "\(broken) of \(records.count) chains are broken") }
    }

    private static let search = CommandSpec(
        "audit search",
        "Searches the audit trail, the newest entries first. The search itself is recorded.",
        options: [
            SharedOptions.scope, .value("actor", "ID", "Only what this user, API key or subscriber did."),
            .value("action", "ACTION", "Only this action, such as login or plan_change."),
            .value("type", "TYPE", "Only things of this type, such as customer."),
            .value("resource", "ID", "Only this thing."),
            .value("outcome", "OUTCOME", "Only what ended so.", choices: AuditOutcome.allCases.map(\.rawValue)),
            .value("request", "ID", "Only what this request did."),
            .value("since", "TIME", "Only what was recorded at or after this time."),
            .value("until", "TIME", "Only what was recorded before this time."), SharedOptions.limit,
            .value("after", "CURSOR", "Show what comes after this cursor."),
        ],
        examples: [
            "nexora audit search --tenant acme --action failed_login --since 2026-11-20",
            "nexora audit search --type customer --resource 0197f0c2-0000-7000-8000-000000000001 --json",
        ]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let filter = try filter(invocation)
        var cursor: AuditCursor?
        if let text = invocation.string("after") {
            cursor = AuditCursor(text)
            if cursor == nil { throw invocation.invalid("after", "must be a cursor as the list shows it") }
        }
        let records = try await context.inDirectory(invocation) { [cursor] directory in
            let names = try await directory.tenantNames()
            let log = AuditLog(directory.transaction)
            let found = try await log.page(filter, after: cursor, limit: limit)
            try await log.append(
                AuditEntry(
                    id: context.ids.next(),
                    tenantID: directory.root,
                    origin: .system(),
                    action: .read,
                    resource: AuditResource("audit"),
                    time: context.time.now()
                )
            )
            return found.map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no entries", cursor: "cursor")
    }

    private static let checkpoint = CommandSpec(
        "audit checkpoint",
        "Signs the end of every chain that moved since its last checkpoint.",
        details: """
            Gateways do so each hour. --out appends what the file does not hold yet, the newest checkpoint of each chain among
            it, a JSON object a line: keep it where the database's owner cannot write.
            """,
        options: [.value("out", "FILE", "Append them, and the newest of each chain, to this file.")],
        examples: ["nexora audit checkpoint --out /safe/checkpoints.jsonl"]
    ) { invocation, context in
        let path = invocation.string("out")
        let records = try await context.withDatabase { database in
            let keyring = try await context.keyring(for: database)
            return try await context.inWholeDirectory(database) { directory in
                let names = try await directory.tenantNames()
                let checkpoints = AuditCheckpoints(directory.transaction)
                let signed = try await checkpoints.sign(with: keyring, now: context.time.now())
                // Gateways sign too: the newest of each chain, whoever signed it. Before the commit: a copy of a checkpoint that
                // was not stored does no harm.
                if let path { try append(signed + (try await checkpoints.newest()), to: path) }
                return signed.map { OutputRecord($0.checkpoint, names: names) }
            }
        }
        context.report.list(records, none: "no chain moved since its last checkpoint")
    }

    private static let key = CommandSpec(
        "audit key",
        "Shows the public keys (Ed25519) that checkpoints are verified with, without the keyring.",
        examples: ["nexora audit key --json"]
    ) { _, context in
        try context.listPublicKeys(for: .auditCheckpoint)
    }

    // MARK: - Arguments

    private static func filter(_ invocation: Invocation) throws(UsageError) -> AuditFilter {
        var filter = AuditFilter()
        if let text = invocation.string("actor") {
            filter.actorID = UUID128(text)
            if filter.actorID == nil { throw invocation.invalid("actor", "must be an id") }
        }
        if let text = invocation.string("action") {
            filter.action = AuditAction(text)
            if filter.action == nil { throw invocation.invalid("action", "must be small letters, digits, _ and .") }
        }
        filter.resourceType = invocation.string("type")
        filter.resourceID = invocation.string("resource")
        filter.outcome = invocation.string("outcome").flatMap(AuditOutcome.init)
        filter.requestID = invocation.string("request")
        filter.since = try SessionCommands.time(invocation, "since")
        filter.until = try SessionCommands.time(invocation, "until")
        return filter
    }

    private static func scope(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ database: Database
    ) async throws -> (TenantID, [TenantID: String]) {
        try await context.inDirectory(database, invocation) { ($0.root, try await $0.tenantNames()) }
    }

    private static func checkpoints(in path: String) throws(CommandFailure) -> [SignedCheckpoint] {
        var found: [SignedCheckpoint] = []
        let lines = try PrivateFile.read(path, limit: 1 << 28).split(separator: UInt8(ascii: "\n"))
        for (index, line) in lines.enumerated() {
            guard let checkpoint = SignedCheckpoint(json: Array(line)) else {
                throw CommandFailure(.badData, "\(path): line \(index + 1) is no checkpoint")
            }
            found.append(checkpoint)
        }
        return found
    }

    private static func append(_ signed: [SignedCheckpoint], to path: String) throws(CommandFailure) {
        var lines: [UInt8] = []
        do throws(CommandFailure) {
            lines = try PrivateFile.read(path, limit: 1 << 28)
        } catch {
            guard error.code == .notFound else { throw error }
        }
        var known = Set(lines.split(separator: UInt8(ascii: "\n")).map(Array.init))
        for checkpoint in signed where known.insert(checkpoint.json).inserted {
            lines += checkpoint.json + [UInt8(ascii: "\n")]
        }
        guard !lines.isEmpty else { return }
        try PrivateFile.write(String(decoding: lines, as: UTF8.self), to: path)
    }
}

extension OutputRecord {
    /// What was found along a chain.
    init(_ verdict: AuditVerdict, names: [TenantID: String]) {
        self.init()
        add("tenant", .text(names[verdict.tenantID] ?? verdict.tenantID.description))
        add("whole", .boolean(verdict.flaw == nil))
        add("entries", .integer(verdict.entries))
        add("first", .integer(verdict.first))
        add("last", .integer(verdict.last))
        add("checkpoints", .integer(Int64(verdict.checkpoints)))
        add("vouchedThrough", .integer(verdict.vouchedThrough))
        add("firstBroken", .optional(verdict.flaw?.number))
        add("flaw", .optional(verdict.flaw?.description))
        add("unknownCheckpoints", .integer(Int64(verdict.unknownCheckpoints)), detail: true)
    }

    /// A checkpoint.
    init(_ checkpoint: AuditCheckpoint, names: [TenantID: String]) {
        self.init()
        add("tenant", .text(names[checkpoint.tenantID] ?? checkpoint.tenantID.description))
        add("number", .integer(checkpoint.number))
        add("recordedAt", .text(checkpoint.recordedAt.description))
        add("signedAt", .text(checkpoint.signedAt.description))
    }

    /// An entry of the trail.
    init(_ record: AuditRecord, names: [TenantID: String]) {
        self.init()
        let entry = record.entry
        add("recordedAt", .text(record.recordedAt.description))
        add("tenant", .text(names[entry.tenantID] ?? entry.tenantID.description))
        add("actor", .text("\(entry.origin.actor.kind.rawValue) \(entry.origin.actor.id)"))
        add("action", .text(entry.action.name))
        add("resource", .text(entry.resource.type))
        add("resourceId", .optional(entry.resource.id))
        add("outcome", .text(entry.outcome.rawValue))
        add("address", .text(entry.origin.address.description))
        add("id", .text(entry.id.description), detail: true)
        add("number", .integer(record.number), detail: true)
        add("time", .text(entry.time.description), detail: true)
        add("nanosecond", .integer(Int64(entry.nanosecond)), detail: true)
        add("impersonator", .optional(entry.origin.impersonator?.description), detail: true)
        add("userAgent", .optional(entry.origin.userAgent), detail: true)
        add("requestId", .optional(entry.origin.requestID), detail: true)
        add("reason", .optional(entry.reason), detail: true)
        add("old", Self.value(entry.old), detail: true)
        add("new", Self.value(entry.new), detail: true)
        add("cursor", .text(AuditCursor(after: record).description), detail: true)
    }

    private static func value(_ value: AuditValue?) -> OutputValue {
        guard let value else { return .null }
        return (try? OutputValue(json: value.canonicalJSON)) ?? .null
    }
}
