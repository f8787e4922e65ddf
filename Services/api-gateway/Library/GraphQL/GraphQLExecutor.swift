import Domain
import GraphQL
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Carries plans out. Each root field is read in a transaction of its own, so that one that fails leaves the others
/// alone: a query for its rows, and one for each relation that is asked for, however many rows there are.
struct GraphQLExecutor: Sendable {
    let catalogue: GraphQLCatalogue
    let parts: Parts
    /// Rows that all rows of a page together may have through one relation.
    static let mostRelated = 1_000

    /// The answer as JSON. What a root field fails of stands in `errors`, and its value is null.
    func answer(_ plan: QueryPlan, to request: Request) async throws -> [UInt8] {
        var failures: [GraphQLFailure] = []
        var data = JSONWriter(capacity: 16_384)
        data.beginObject()
        for field in plan.fields {
            try Task.checkCancellation()
            data.key(string: field.key)
            do {
                data.raw(try await value(of: field, request))
            } catch let error as CancellationError {
                throw error
            } catch {
                failures.append(failure(error, field, request))
                data.null()
            }
        }
        data.endObject()
        var json = JSONWriter(capacity: 16_384)
        json.beginObject()
        GraphQLFailure.write(failures, to: &json)
        json.key("data")
        json.raw(data.finish())
        json.endObject()
        return json.finish()
    }

    private func failure(_ error: any Error, _ field: PlannedField, _ request: Request) -> GraphQLFailure {
        if let error = error as? GraphQLError {
            return GraphQLFailure(message: error.message, locations: error.locations, path: [field.key])
        }
        let problem =
            error as? Problem ?? ErrorMapper(logger: parts.logger, time: parts.time).problem(error, request)
        return GraphQLFailure(
            message: problem.detail.isEmpty ? problem.title : problem.detail,
            locations: [field.location],
            path: [field.key],
            code: problem.code
        )
    }

    private func value(of field: PlannedField, _ request: Request) async throws -> [UInt8] {
        var json = JSONWriter(capacity: 4_096)
        if field.name == "__typename" {
            json.value(catalogue.schema.query.name)
        } else if field.isIntrospection {
            var introspection = Introspection(catalogue.schema)
            try introspection.write(field, to: &json)
        } else {
            guard let resource = catalogue.resources.first(where: { $0.list == field.name || $0.one == field.name })
            else { throw Problem.notFound }
            let isList = resource.list == field.name
            let found = try await read(field, resource, isList: isList, request)
            var writer = GraphQLWriter(catalogue, resource, found)
            try writer.write(field, isList: isList, to: &json)
        }
        return json.finish()
    }

    // MARK: - Reading

    private func read(
        _ field: PlannedField,
        _ resource: GraphQLResource,
        isList: Bool,
        _ request: Request
    ) async throws -> GraphQLFound {
        let relations = try relations(of: isList ? field.selections.flatMap(\.selections) : field.selections, resource)
        let permissions = try request.caller.principal.permissions
        for needed in [resource.permission] + relations.map(\.target.permission) where !permissions.contains(needed) {
            throw Problem(.forbidden, code: "forbidden", detail: "That takes the permission \(needed.rawValue).")
        }
        let query = isList ? try Self.parameters(field) : nil
        let found = try await parts.read(request) { transaction, caller in
            let reading = GraphQLReading(transaction: transaction, caller: caller, cursors: parts.cursors)
            var found = GraphQLFound()
            if let query {
                found.page = try await resource.page(query, nil, reading)
            } else {
                guard let id = field.arguments["id"]?.string.flatMap({ UUID128($0) }) else { throw Problem.notFound }
                found.page = GraphQLPage(rows: [try await resource.find(id, reading)], next: nil, total: nil)
            }
            for relation in relations {
                found.related[relation.name] = try await related(relation, to: found.page.rows, reading)
            }
            return found
        }
        try await record(resource, query, row: isList ? nil : found.page.rows.first, request)
        for relation in relations {
            try await record(relation.target, ListParameters(filters: ["\(relation.matches):in:"]), request)
        }
        return found
    }

    /// Puts what was read on record where REST does (AUD-12), before anybody sees it.
    private func record(
        _ resource: GraphQLResource,
        _ query: ListParameters?,
        row: GraphQLRow? = nil,
        _ request: Request
    ) async throws {
        guard resource.isRecorded(query?.filters ?? []) else { return }
        var wanted: [String: AuditValue] = [:]
        if let query {
            wanted["filters"] = .list(query.filters.map { .text($0) })
            wanted["q"] = query.search.map { .text($0) }
            wanted["deleted"] = query.deleted.map { .text($0) }
        }
        try await parts.recordRead(
            try request.caller,
            .read,
            AuditResource(resource.auditType, row?.value("id").key),
            of: row?.value("tenant_id").key.flatMap { TenantID($0) },
            detail: query == nil ? nil : .object(wanted)
        )
    }

    /// Each relation once, whatever it is called and however often.
    private func relations(of fields: [PlannedField], _ resource: GraphQLResource) throws -> [GraphQLRelation] {
        var names: Set<String> = []
        return fields.filter { names.insert($0.name).inserted }
            .compactMap { catalogue.relation($0.name, of: resource.type) }
    }

    /// By what the rows' own column holds.
    private func related(
        _ relation: GraphQLRelation,
        to rows: [GraphQLRow],
        _ reading: GraphQLReading
    ) async throws -> [String: [GraphQLRow]] {
        let keys = Set(rows.compactMap { $0.value(relation.column).key }).sorted()
        guard !keys.isEmpty else { return [:] }
        let query = ListParameters(filters: ["\(relation.matches):in:\(keys.joined(separator: ","))"])
        let page = try await relation.target.page(query, Self.mostRelated, reading)
        guard page.next == nil else {
            throw Problem(
                .unprocessableContent,
                code: "too_many",
                detail: "More than \(Self.mostRelated) \(relation.name) belong to these rows: ask for fewer at once."
            )
        }
        return Dictionary(grouping: page.rows) { $0.value(relation.matches).key ?? "" }
    }

    private static func parameters(_ field: PlannedField) throws -> ListParameters {
        func text(_ name: String) -> String? { field.arguments[name]?.string }
        var filters: [String] = []
        if case .list(let values)? = field.arguments["filter"] { filters = values.compactMap(\.string) }
        return ListParameters(
            limit: field.arguments["limit"]?.int.map { String($0) },
            cursor: text("cursor"),
            sort: text("sort"),
            filters: filters,
            search: text("q"),
            count: field.selections.contains { $0.name == "total" } ? "true" : nil,
            deleted: text("deleted")
        )
    }
}

/// What a root field's query found.
struct GraphQLFound: Sendable {
    var page = GraphQLPage(rows: [], next: nil, total: nil)
    /// By the relation's name, and by what stands in the row's column.
    var related: [String: [String: [GraphQLRow]]] = [:]
}

extension FieldValue {
    /// As an id that names something.
    var key: String? { if case .text(let text) = self { text } else { nil } }
}
