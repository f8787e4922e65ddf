import Domain
import HTTPServer
import Identity
import ObjectStorage
import Persistence
import WireFormat

/// Lists as files that are made in the background and lie in the object store (EXP-03). Everybody sees his own.
struct ExportRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "exports")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [create, list, one, cancel, file] }

    static let formats: [ExportFormat] = [.csv, .ndjson, .xlsx, .pdf]

    static let view = View<StoredExport>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("entity", .choice(ExportEntity.all.map(\.name))) { .text($0.order.entity) },
        .init("format", .choice(formats.map(\.rawValue))) { .text($0.order.format.rawValue) },
        .init("filters", .list(.text())) { .texts($0.order.filters) },
        .init("sort", .nullable(.text())) { .text($0.order.sort) },
        .init("fields", .nullable(.list(.text()))) { $0.order.fields.map { .texts($0) } ?? .null },
        .init("q", .nullable(.text())) { .text($0.order.search) },
        .init("deleted", .nullable(.text())) { .text($0.order.deleted) },
        .init("state", .choice(StoredExport.State.allCases.map(\.rawValue))) { .text($0.state.rawValue) },
        .init("rows", .integer(0...Int64.max)) { .integer($0.rows) },
        .init("octets", .integer(0...Int64.max)) { .integer($0.octets) },
        .init("error", .nullable(.text())) { .text($0.failure?.rawValue) },
        .init("created_at", .time) { .time($0.createdAt) },
        .init("started_at", .nullable(.time)) { .time($0.startedAt) },
        .init("finished_at", .nullable(.time)) { .time($0.finishedAt) },
        .init("expires_at", .nullable(.time)) { .time($0.expiresAt) },
    ])

    private struct Input: Sendable {
        var order = StoredExport.Order(entity: "", format: .csv)

        static let shape = InputShape<Input>([
            InputField("entity", words(ExportEntity.all.map(\.name)), \.order.entity, isRequired: true),
            InputField("format", format, \.order.format),
            InputField("filters", InputKind.text(1_000, minimum: 1).list(50), \.order.filters),
            InputField("sort", .text(100, minimum: 1), clearable: \.order.sort),
            InputField("fields", InputKind.text(100, minimum: 1).list(200, minimum: 1), clearable: \.order.fields),
            InputField("q", .text(100, minimum: 1), clearable: \.order.search),
            InputField(
                "deleted",
                words(DeletedRows.allCases.map(\.rawValue)),
                clearable: \.order.deleted
            ),
        ])

        private static func words(_ words: [String]) -> InputKind<String> {
            InputKind(.choice(words), "one of \(words.joined(separator: ", "))") { value in
                value.text.flatMap { words.contains($0) ? $0 : nil }
            }
        }

        private static var format: InputKind<ExportFormat> {
            InputKind(.choice(ExportRoutes.formats.map(\.rawValue)), "csv, ndjson, xlsx or pdf") { value in
                value.text.flatMap { ExportFormat(rawValue: $0) }.flatMap {
                    ExportRoutes.formats.contains($0) ? $0 : nil
                }
            }
        }
    }

    private static let noStorage = Problem(
        .serviceUnavailable,
        code: "storage_not_configured",
        detail: "This installation has no object store: take the list's own export."
    )

    private var create: GatewayRoute {
        group.route(
            .post,
            "/api/v1/exports",
            "createExport",
            .permission(.exportsCreate),
            "Begins to write a list into a file; what the list takes as filter, sort, fields, q and deleted counts.",
            body: Input.shape.schema(isWhole: true),
            status: 202,
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, caller in
            guard parts.storage != nil else { throw Self.noStorage }
            var input = Input()
            try Input.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let order = input.order
            guard let entity = ExportEntity.named(order.entity) else { throw Problem.invalid("/entity", "is no list") }
            let principal = caller.principal
            guard entity.needed.isSubset(of: principal.permissions) else { throw Problem.forbidden }
            // What the list would refuse is refused now.
            _ = try entity.open(order, principal.reach, parts, principal.tenantID)
            let export = stored(order, caller)
            return try await parts.change(request) { work in
                let most = parts.policy.exports.openPerUser
                guard try await ExportStore(work.transaction).insert(export, most: most) else {
                    throw Problem.conflict("too_many_exports", "\(most) of yours wait or are under way.")
                }
                work.record(
                    .export,
                    AuditResource(entity.auditType),
                    of: export.tenantID,
                    .created(Self.view.auditValue(export))
                )
                var response = Self.view.answer(export, status: .accepted)
                response.headers["location"] = HeaderValue(withoutControls: "/api/v1/exports/\(export.id)")
                return response
            }
        }
    }

    private func stored(_ order: StoredExport.Order, _ caller: Caller) -> StoredExport {
        var key: APIKeyID?
        if case .apiKey(let id) = caller.principal.proof { key = id }
        return StoredExport(
            tenantID: caller.principal.tenantID,
            id: parts.ids.next(),
            userID: caller.principal.userID,
            keyID: key,
            reach: caller.principal.reach.word,
            order: order,
            source: caller.origin.address.description,
            requestID: caller.audit.requestID,
            createdAt: parts.time.now()
        )
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "/api/v1/exports",
            "listExports",
            .permission(.exportsRead),
            "A page of one's own exports, the newest first.",
            parameters: Operation.paging,
            answer: .page(Self.view.schema)
        ) { request, caller in
            try await Self.view.page(request, cursor: \.id) { after, limit in
                try await parts.read(request) { transaction, _ in
                    try await ExportStore(transaction).list(
                        of: caller.principal.userID,
                        in: caller.principal.tenantID,
                        after: after,
                        limit: limit
                    )
                }
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/api/v1/exports/{id:uuid}",
            "getExport",
            .permission(.exportsRead),
            "One of one's own exports: how far it came, and how it ended.",
            answer: .data(Self.view.schema)
        ) { request, _ in Self.view.answer(try await found(request)) }
    }

    private var cancel: GatewayRoute {
        group.route(
            .post,
            "/api/v1/exports/{id:uuid}/cancel",
            "cancelExport",
            .permission(.exportsCreate),
            "Ends one of one's own exports that waits or is under way: there will be no file.",
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, caller in
            let id = ExportID(try request.pathID())
            return try await parts.change(request) { work in
                let store = ExportStore(work.transaction)
                let principal = caller.principal
                guard let export = try await store.find(id, of: principal.userID, in: principal.tenantID) else {
                    throw Problem.notFound
                }
                guard let cancelled = try await store.cancel(export, at: parts.time.now()) else {
                    throw Problem.conflict("export_ended", "It has ended already.")
                }
                work.record(
                    .update,
                    AuditResource("export", export.id),
                    of: export.tenantID,
                    .updated(Self.view.auditValue(export), Self.view.auditValue(cancelled))
                )
                return Self.view.answer(cancelled)
            }
        }
    }

    private static let linkSchema = Schema.object([
        .init("url", .text()), .init("file_name", .text()), .init("expires_at", .time),
    ])

    private var file: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/exports/{id:uuid}/file",
            operationID: "getExportFile",
            metadata: Access(
                .permission(.exportsRead),
                operation: Operation(
                    "exports",
                    "A link to the file of one of one's own exports, which opens it for five minutes; follow it without the token.",
                    .data(Self.linkSchema),
                    others: [409]
                )
            )
        ) { request in
            let caller = try request.caller
            let export = try await found(request)
            guard let storage = parts.storage else { throw Self.noStorage }
            let now = parts.time.now()
            guard export.state == .completed, export.expiresAt.map({ $0 > now }) == true else {
                throw Problem.conflict("export_has_no_file", "It is \(export.state.rawValue): there is no file.")
            }
            // He may have lost a right since, or have come with a key that has fewer.
            guard let entity = ExportEntity.named(export.order.entity),
                entity.needed.isSubset(of: caller.principal.permissions), caller.principal.reach.word == export.reach
            else { throw Problem.forbidden }
            try await parts.recordRead(caller, .export, AuditResource("export", export.id))
            return try link(to: export, in: storage, at: now)
        }
    }

    private func link(to export: StoredExport, in storage: ObjectStorage, at now: Timestamp) throws -> Response {
        let life = parts.policy.exports.link
        let url = storage.link(
            to: try ExportAttempt.key(export, export.attempt),
            seconds: max(1, Int(life.components.seconds)),
            fileName: export.fileName,
            contentType: export.order.format.contentType.text
        )
        return Response.data { json in
            json.beginObject()
            json.pair("url", url)
            json.pair("file_name", export.fileName)
            json.pair("expires_at", (now + life).description)
            json.endObject()
        }
    }

    /// The caller's own export of the path's id.
    private func found(_ request: Request) async throws -> StoredExport {
        let id = ExportID(try request.pathID())
        return try await parts.read(request) { transaction, caller in
            let principal = caller.principal
            let export = try await ExportStore(transaction).find(id, of: principal.userID, in: principal.tenantID)
            guard let export else { throw Problem.notFound }
            return export
        }
    }
}
