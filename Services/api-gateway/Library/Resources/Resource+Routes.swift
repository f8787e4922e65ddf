import Domain
import HTTPServer
import Identity
import Persistence

/// The parameters of lists.
enum ListDescription {
    static func fields<Row>(of source: ListSource<Row>) -> Operation.Parameter {
        let names = source.columns.map(\.name).joined(separator: "|")
        return Operation.Parameter(
            "fields",
            .text(maximum: 2_000, pattern: "^(\(names))(,(\(names)))*$"),
            "Names of the fields that are wanted, with commas between."
        )
    }

    static func parameters<Row>(_ source: ListSource<Row>, isPaged: Bool = true) -> [Operation.Parameter] {
        var all = [
            fields(of: source),
            Operation.Parameter(
                "filter",
                .text(maximum: 4_000, pattern: "^(\(source.fields.map(\.pattern).joined(separator: "|")))$"),
                "field:operator:value; all must hold. Fields: "
                    + source.fields.map { "\($0.name) (\($0.operators.map(\.rawValue).joined(separator: " ")))" }
                    .joined(separator: ", "),
                isRepeated: true
            ),
            Operation.Parameter(
                "sort",
                .choice(source.sorts.flatMap { [$0, "-" + $0] }),
                "By which field, with - before it for descending; \(source.defaultSort) unless said."
            ),
        ]
        if isPaged {
            all += [
                Operation.limit,
                Operation.Parameter("cursor", .text(maximum: 1_400), "Where the page before ended: its meta.next."),
                Operation.Parameter("count", .choice(["true", "false"]), "Whether meta.total is wanted."),
            ]
        }
        if source.hasSearch {
            all.append(Operation.Parameter("q", .text(minimum: 1, maximum: 100), "Words that must all be found."))
        }
        if source.hasDeletion {
            all.append(
                Operation.Parameter(
                    "deleted",
                    .choice(DeletedRows.allCases.map(\.rawValue)),
                    "Whether deleted rows are shown."
                )
            )
        }
        return all
    }
}

extension Resource {
    /// GET of the list. `at` where the path is another's than the resource's own.
    func list(_ parts: Parts, at other: PathPattern? = nil, named name: String? = nil)
        throws
        -> GatewayRoute
    {
        GatewayRoute(
            .get,
            try other ?? PathPattern(path),
            operationID: name ?? "list\(noun.many)",
            metadata: Access(
                .permission(read),
                operation: Operation(
                    tag,
                    "A page of \(noun.many.lowercasedWords).",
                    parameters: ListDescription.parameters(source),
                    .page(schema)
                )
            )
        ) { request in
            let query = try self.query(request, try request.caller)
            let page = try await self.page(query, request, parts)
            try await self.recordRead(request, parts)
            return try self.answer(page, query, to: request)
        }
    }

    /// A page in the caller's scope.
    func page(_ query: ListQuery<Row>, _ request: Request, _ parts: Parts) async throws -> ListPage<Row> {
        try await parts.read(request) { transaction, caller in
            try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                .page(of: source, query)
        }
    }

    /// GET of one.
    func get(_ parts: Parts) throws -> GatewayRoute {
        GatewayRoute(
            .get,
            try PathPattern("\(path)/{id:uuid}"),
            operationID: "get\(noun.one)",
            metadata: Access(
                .permission(read),
                operation: Operation(
                    tag,
                    "One \(noun.one.lowercasedWords).",
                    parameters: [ListDescription.fields(of: source)],
                    .data(schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let row = try await read(id, request, parts)
            try await recordRead(request, parts, row: row)
            return try answer(row, to: request)
        }
    }

    /// GET of the whole list as a file.
    func export(_ parts: Parts) throws -> GatewayRoute {
        GatewayRoute(
            .get,
            try PathPattern("\(path)/export"),
            operationID: "export\(noun.many)",
            metadata: Access(
                .permissions([read, .exportsCreate]),
                operation: Operation(
                    tag,
                    "All \(noun.many.lowercasedWords) as a file.",
                    parameters: [ExportFormat.parameter] + ListDescription.parameters(source, isPaged: false),
                    .other(ExportFormat.contentTypes)
                )
            )
        ) { request in
            try await self.file(try self.query(request, try request.caller), request, parts)
        }
    }

    /// The rows of a query as a file; that somebody took it stands in the audit trail.
    func file(_ query: ListQuery<Row>, _ request: Request, _ parts: Parts) async throws -> Response {
        let caller = try request.caller
        let format = try ExportFormat(request)
        let export = try ListExport(
            of: source,
            query,
            as: format.text ?? .csv,
            fields: try columns(request)?.map(\.name),
            in: parts.database.scope(caller.principal.tenantID)
        )
        try await parts.recordRead(caller, .export, AuditResource(auditType), detail: Self.wanted(request))
        let standing = ExportStanding(request, needs: [read, .exportsCreate])
        return try await parts.file(export, source.name, format, heading: export.names, standing)
    }

    /// What can be read of it: the list, one, and the file.
    func reading(_ parts: Parts) throws -> [GatewayRoute] {
        try [list(parts), get(parts)] + (isExported ? [export(parts)] : [])
    }
}

extension String {
    /// `ServiceChanges` as `service changes`.
    var lowercasedWords: String {
        var words = ""
        for character in self {
            if character.isUppercase, !words.isEmpty, words.last?.isUppercase != true { words.append(" ") }
            words.append(contentsOf: character.lowercased())
        }
        return words
    }
}
