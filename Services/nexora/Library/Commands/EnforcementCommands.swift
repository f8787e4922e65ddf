import Domain
import Events
import Persistence

/// `enforcement list|show`, `disconnect`, `coa`.
enum EnforcementCommands {
    static let all: [CommandSpec] = [list, show, disconnect, reconcile]

    private static let list = CommandSpec(
        "enforcement list",
        "Lists what was asked of NASes for live sessions, and what became of it; the newest first.",
        options: [
            .value("state", "STATE", "Only these.", choices: EnforcementState.allCases.map(\.rawValue)),
            .value("kind", "KIND", "Only these.", choices: EnforcementKind.allCases.map(\.rawValue)),
            .value("cause", "CAUSE", "Only these.", choices: EnforcementCause.allCases.map(\.rawValue)),
            .flag("open", "Only those that have not ended."),
            .value("nas", "NAS", "Only this NAS's: id or name."),
            .value("service", "SERVICE", "Only this service's: id or user name."),
            .value("session", "SESSION", "Only this session's: its id."),
            .value("since", "TIME", "Only those that were asked for at or after this time."),
            .value("until", "TIME", "Only those that were asked for before this time."), SharedOptions.scope,
            SharedOptions.limit, SharedOptions.after,
        ],
        examples: [
            "nexora enforcement list --open", "nexora enforcement list --state failed --nas core-1 --since 2026-11-20",
        ]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: EnforcementID? = try SharedOptions.after(invocation)
        var filter = EnforcementFilter()
        filter.state = invocation.string("state").flatMap(EnforcementState.init(rawValue:))
        filter.kind = invocation.string("kind").flatMap(EnforcementKind.init(rawValue:))
        filter.cause = invocation.string("cause").flatMap(EnforcementCause.init(rawValue:))
        filter.isOpen = invocation.has("open") ? true : nil
        filter.since = try SessionCommands.time(invocation, "since")
        filter.until = try SessionCommands.time(invocation, "until")
        if let text = invocation.string("session") {
            filter.sessionID = SessionID(text)
            if filter.sessionID == nil { throw invocation.invalid("session", "must be an id as session list shows it") }
        }
        let records = try await context.inDirectory(invocation) { [filter] directory in
            var filter = filter
            if let nas = invocation.string("nas") { filter.nasID = try await directory.nas(nas).id }
            if let service = invocation.string("service") {
                filter.serviceID = try await directory.service(service).id
            }
            let names = try await directory.tenantNames()
            return try await EnforcementRepository(directory.transaction).list(filter, after: after, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "nothing was asked of a NAS")
    }

    private static let show = CommandSpec(
        "enforcement show",
        "Shows one order with every request and what became of it.",
        arguments: [ArgumentSpec("ID", "The order's id.")],
        options: [SharedOptions.scope],
        examples: ["nexora enforcement show 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let text = try invocation.requiredArgument("ID")
        guard let id = EnforcementID(text) else {
            throw UsageError(
                "ID \"\(text)\": must be an id as enforcement list shows it",
                command: invocation.command.words
            )
        }
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                guard let record = try await EnforcementRepository(directory.transaction).find(id) else {
                    throw CommandFailure(.notFound, "no enforcement \(id)")
                }
                return OutputRecord(record, names: try await directory.tenantNames())
            }
        )
    }

    // MARK: - Asking

    private static let session = ArgumentSpec("SESSION", "The session's id, as session list shows it.")

    private static let disconnect = CommandSpec(
        "disconnect",
        "Asks for the end of a live session; provisioner carries it out.",
        details: """
            It is asked for and put on record; `nexora enforcement list --session SESSION` tells what became of it.
            """,
        arguments: [session],
        options: [SharedOptions.scope],
        examples: ["nexora disconnect 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        try await ask(invocation, context, action: .disconnect, kind: "session_disconnect") { session, operation in
            DisconnectRequested(
                admissionID: session.admissionID,
                nasID: session.nasID,
                serviceID: session.serviceID,
                reason: .requested,
                sessionID: session.id,
                operationID: operation
            )
        }
    }

    private static let reconcile = CommandSpec(
        "coa",
        "Asks that a live session gets what its subscriber should have now; provisioner carries it out.",
        details: """
            By a CoA-Request or, where the NAS cannot change it, by a new session. It is asked for and put on record;
            `nexora enforcement list --session SESSION` tells what became of it.
            """,
        arguments: [session],
        options: [SharedOptions.scope],
        examples: ["nexora coa 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        try await ask(invocation, context, action: .update, kind: "session_reconcile") { session, operation in
            ReconcileRequested(
                sessionID: session.id,
                nasID: session.nasID,
                serviceID: session.serviceID,
                operationID: operation
            )
        }
    }

    /// The intent, its operation and its entry in the audit trail, in one transaction.
    private static func ask<Intent: EventPayload>(
        _ invocation: Invocation,
        _ context: CommandContext,
        action: AuditAction,
        kind: String,
        _ make: @escaping @Sendable (SessionDetail, UUID128) -> Intent
    ) async throws {
        let text = try invocation.requiredArgument("SESSION")
        guard let id = SessionID(text) else {
            throw UsageError(
                "SESSION \"\(text)\": must be an id as session list shows it",
                command: invocation.command.words
            )
        }
        let record = try await context.inDirectory(invocation) { directory in
            guard let session = try await SessionInspection(directory.transaction).find(id) else {
                throw CommandFailure(.notFound, "no session \(id)")
            }
            guard session.endedAt == nil else { throw CommandFailure(.conflict, "the session has ended") }
            let operation = try await OperationRepository(directory.transaction).insert(
                StoredOperation(
                    tenantID: session.tenantID,
                    id: context.ids.uuid(),
                    kind: kind,
                    resourceType: "session",
                    resourceID: session.id.value,
                    customerID: session.customerID,
                    requestedBy: AuditActor.system.id
                )
            )
            try await directory.transaction.announce(
                make(session, operation.id),
                tenant: session.tenantID,
                about: session.id.value,
                IdentityChange(now: context.time.now(), ids: context.ids)
            )
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    session.tenantID,
                    action,
                    AuditResource("session", session.id),
                    .created(["operation_id": .text(operation.id.description), "username": .text(session.username)])
                )
            )
            var record = OutputRecord()
            record.add("operation", .text(operation.id.description))
            record.add("session", .text(session.id.description))
            record.add("username", .text(session.username))
            record.add("nas", .optional(session.nasName))
            return record
        }
        context.report.one(record)
    }
}

extension OutputRecord {
    /// What was asked of a NAS.
    init(_ record: EnforcementRecord, names: [TenantID: String]) {
        let order = record.order
        self.init()
        add("id", .text(order.id.description))
        add("tenant", .text(names[order.tenantID] ?? order.tenantID.description))
        add("requestedAt", .text(order.requestedAt.description))
        add("kind", .text(order.kind.rawValue))
        add("cause", .text(order.cause.rawValue))
        add("username", .optional(record.username))
        add("nas", .optional(record.nasName))
        add("state", .text(order.state.rawValue))
        add("summary", .text(order.summary))
        add("reason", .optional(order.reason?.rawValue), detail: true)
        add("errorCause", .optional(order.errorCause), detail: true)
        add("attempts", .integer(Int64(order.attempts)), detail: true)
        add("trials", (try? OutputValue(json: Array(record.trials.utf8))) ?? .text(record.trials), detail: true)
        add("latencyMilliseconds", .optional(record.latency.map { Int64($0 / .milliseconds(1)) }), detail: true)
        add("nasId", .text(order.nasID.description), detail: true)
        add("sessionId", .optional(order.sessionID?.description), detail: true)
        add("serviceId", .optional(order.serviceID?.description), detail: true)
        add("operationId", .optional(order.operationID?.description), detail: true)
        add("joined", .optional(record.joinedID?.description), detail: true)
        add("sentAt", .optional(order.sentAt?.description), detail: true)
        add("answeredAt", .optional(order.answeredAt?.description), detail: true)
        add("endedAt", .optional(order.endedAt?.description), detail: true)
        add("nextAt", .optional(order.nextAt?.description), detail: true)
    }
}
