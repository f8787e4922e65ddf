import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// The audit trail, searched; every search stands in it (AUD-12).
struct AuditRoutes {
    private let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [search, one, export] }

    private static let parameters: [Operation.Parameter] = [
        .init("tenant_id", .uuid, "One tenant of the scope."),
        .init("actor_id", .uuid, "Who did it: a key, or a user himself and by his keys."),
        .init(
            "action",
            .text(minimum: 1, maximum: 50, pattern: "^[a-z][a-z0-9_.]*$"),
            "What was done, such as update."
        ),
        .init("resource_type", .text(50), "What it was done to, such as customer."),
        .init("resource_id", .text(255), "Which one."),
        .init("outcome", .choice(AuditOutcome.allCases.map(\.rawValue)), "How it ended."),
        .init("request_id", .text(128), "Within which request."),
        .init("since", .time, "Recorded at or after."), .init("until", .time, "Recorded before."),
        .init("limit", .integer(1...100), "Entries a page, 10 unless said."),
        .init("cursor", .text(200), "Where the page before ended: its meta.next."),
    ]

    static let view = View<AuditRecord>([
        .init("id", .uuid) { .id($0.entry.id) }, .init("tenant_id", .uuid) { .id($0.entry.tenantID) },
        .init("number", .integer(0...Int64.max)) { .integer($0.number) },
        .init("recorded_at", .time) { .time($0.recordedAt) }, .init("time", .time) { .time($0.entry.time) },
        .init("actor_kind", .text()) { .text($0.entry.origin.actor.kind.rawValue) },
        .init("actor_id", .uuid) { .text($0.entry.origin.actor.id.description) },
        .init("impersonator_id", .nullable(.uuid)) { .described($0.entry.origin.impersonator) },
        .init("address", .text()) { .text($0.entry.origin.address.description) },
        .init("user_agent", .nullable(.text())) { .text($0.entry.origin.userAgent) },
        .init("request_id", .nullable(.text())) { .text($0.entry.origin.requestID) },
        .init("action", .text()) { .text($0.entry.action.name) },
        .init("resource_type", .text()) { .text($0.entry.resource.type) },
        .init("resource_id", .nullable(.text())) { .text($0.entry.resource.id) },
        .init("outcome", .text()) { .text($0.entry.outcome.rawValue) },
        .init("reason", .nullable(.text())) { .text($0.entry.reason) },
        .init("is_erased", .boolean) { .boolean($0.isErased) },
        .init("old", .anything) { json($0.entry.old) }, .init("new", .anything) { json($0.entry.new) },
    ])

    private static func json(_ value: AuditValue?) -> FieldValue {
        value.map { .json(String(decoding: $0.canonicalJSON, as: UTF8.self)) } ?? .null
    }

    private var search: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/audit-logs",
            operationID: "listAuditLogs",
            metadata: Access(
                .permission(.auditRead),
                operation: Operation(
                    "audit",
                    "A page of the audit trail, the newest first.",
                    parameters: Self.parameters,
                    .page(Self.view.schema)
                )
            )
        ) { request in
            let caller = try request.caller
            var filter = try Self.filter(request)
            if case .tenant(let own) = caller.principal.reach { filter.tenantID = own }
            let limit = try request.limit()
            let cursor = try request.query["cursor"].map { text throws(Problem) in
                guard let cursor = AuditCursor(text) else { throw .invalid("cursor", "is not one that this list gave") }
                return cursor
            }
            let wanted = filter
            let records = try await parts.read(request) { transaction, _ in
                try await AuditLog(transaction).page(wanted, after: cursor, limit: limit + 1)
            }
            try await parts.recordRead(
                caller,
                .read,
                AuditResource("audit"),
                detail: ["query": .text(request.queryText)]
            )
            return Response.page(
                of: records,
                limit: limit,
                for: request,
                cursor: { AuditCursor(after: $0).description }
            ) {
                Self.view.write($1, to: &$0)
            }
        }
    }

    private var export: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/audit-logs/export",
            operationID: "exportAuditLogs",
            metadata: Access(
                .permissions([.auditRead, .exportsCreate]),
                operation: Operation(
                    "audit",
                    "The audit trail as a file, the newest first.",
                    parameters: [ExportFormat.parameter]
                        + Self.parameters.filter { !["limit", "cursor"].contains($0.name) },
                    .other(ExportFormat.contentTypes)
                )
            )
        ) { request in
            let caller = try request.caller
            let format = try ExportFormat(request)
            var filter = try Self.filter(request)
            if case .tenant(let own) = caller.principal.reach { filter.tenantID = own }
            // What the export itself leaves there has no end.
            filter.until = min(filter.until ?? parts.time.now(), parts.time.now())
            let (wanted, scope) = (filter, parts.database.scope(caller.principal.tenantID))
            try await parts.recordRead(
                caller,
                .export,
                AuditResource("audit"),
                detail: ["query": .text(request.queryText)]
            )
            let records = ViewExport(view: Self.view, format: format.text ?? .csv) { last, limit in
                try await scope.transaction { transaction in
                    try await AuditLog(transaction).page(
                        wanted,
                        after: last.map { AuditCursor(after: $0) },
                        limit: limit
                    )
                }
            }
            let standing = ExportStanding(request, needs: [.auditRead, .exportsCreate])
            return try await parts.file(records, "audit", format, heading: records.names, standing)
        }
    }

    private var one: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/audit-logs/{id:uuid}",
            operationID: "getAuditLog",
            metadata: Access(
                .permission(.auditRead),
                operation: Operation("audit", "One entry of the audit trail.", .data(Self.view.schema))
            )
        ) { request in
            let id = AuditEntryID(try request.pathID())
            let record = try await parts.read(request) { transaction, caller in
                guard let record = try await AuditLog(transaction).find(id) else { throw Problem.notFound }
                try caller.principal.see(RecordOwner(tenantID: record.entry.tenantID))
                return record
            }
            try await parts.recordRead(try request.caller, .read, AuditResource("audit", id))
            return Self.view.answer(record)
        }
    }

    private static func filter(_ request: Request) throws(Problem) -> AuditFilter {
        var filter = AuditFilter()
        filter.tenantID = try value(request, "tenant_id", "an id") { TenantID($0) }
        filter.actorID = try value(request, "actor_id", "an id") { UUID128($0) }
        filter.action = try value(request, "action", "a word in small letters") { AuditAction($0) }
        filter.resourceType = request.query["resource_type"]
        filter.resourceID = request.query["resource_id"]
        filter.outcome = try value(request, "outcome", "success, refused or failed") { AuditOutcome(rawValue: $0) }
        filter.requestID = request.query["request_id"]
        filter.since = try value(request, "since", "a time such as 2026-11-20T10:00:00Z") { Timestamp($0) }
        filter.until = try value(request, "until", "a time such as 2026-11-20T10:00:00Z") { Timestamp($0) }
        return filter
    }

    private static func value<Value>(
        _ request: Request,
        _ name: String,
        _ expectation: String,
        _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = request.query[name] else { return nil }
        guard let value = read(text) else { throw .invalid(name, "must be \(expectation)") }
        return value
    }
}

extension Request {
    /// The query as it was understood.
    var queryText: String { query.items.map { "\($0.name)=\($0.value)" }.joined(separator: "&") }
}
