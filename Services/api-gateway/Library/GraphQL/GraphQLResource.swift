import Domain
import HTTPServer
import Identity
import Persistence

/// A resource as GraphQL sees it: whatever its rows are, they are listed, found and bounded by the ``Resource`` that
/// REST has.
struct GraphQLResource: Sendable {
    /// The root field of the list: `customers`.
    let list: String
    /// The root field of one by its id; nil where REST has none.
    let one: String?
    /// `Customer`.
    let type: String
    let permission: Permission
    let auditType: String
    /// Whether what those filters ask for goes on record (AUD-12).
    let isRecorded: @Sendable (_ filters: [String]) -> Bool
    let columns: [Schema.Property]
    /// What the list understands.
    let parameters: [Operation.Parameter]
    /// A page of what the caller may see; of at most `most` rows where that is given.
    var page: @Sendable (_ query: ListParameters, _ most: Int?, _ reading: GraphQLReading) async throws -> GraphQLPage
    /// One row; throws `notFound` for what is not the caller's to see.
    var find: @Sendable (_ id: UUID128, _ reading: GraphQLReading) async throws -> GraphQLRow

    init<Row>(_ resource: Resource<Row>, hasOne: Bool = true) {
        list = Self.fieldName(resource.noun.many)
        one = hasOne ? Self.fieldName(resource.noun.one) : nil
        type = resource.noun.one
        permission = resource.read
        parameters = ListDescription.parameters(resource.source)
        if case .object(let properties, _) = resource.schema { columns = properties } else { columns = [] }
        let values = Dictionary(
            resource.source.columns.map { ($0.name, $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        @Sendable func show(_ row: Row, _ hidden: Set<String>) -> GraphQLRow {
            GraphQLRow { hidden.contains($0) ? .null : values[$0]?(row) ?? .null }
        }
        auditType = resource.auditType
        isRecorded = { resource.isRecorded($0) }
        page = { parameters, most, reading in
            var query = try resource.query(parameters, reading.caller)
            if let most { query = query.limited(to: most) }
            let scope = reading.caller.principal.tenantID
            let page = try await Listing(reading.transaction, scope: scope, cursors: reading.cursors)
                .page(of: resource.source, query)
            let hidden = resource.hidden(from: reading.caller)
            return GraphQLPage(rows: page.rows.map { show($0, hidden) }, next: page.next, total: page.total)
        }
        find = { id, reading in
            let found = try await resource.found(id, reading.transaction, reading.caller)
            return show(found, resource.hidden(from: reading.caller))
        }
    }

    /// `ServicePlans` as `servicePlans`, `NASes` as `nases`.
    private static func fieldName(_ noun: String) -> String {
        let capitals = noun.prefix(while: \.isUppercase)
        return capitals.lowercased() + noun.dropFirst(capitals.count)
    }
}

/// What rows are read with: one transaction in the caller's scope.
struct GraphQLReading {
    let transaction: ScopedTransaction
    let caller: Caller
    let cursors: CursorSealer
}

/// A row whose columns are asked for by their names.
struct GraphQLRow: Sendable {
    let value: @Sendable (String) -> FieldValue
}

struct GraphQLPage: Sendable {
    let rows: [GraphQLRow]
    let next: String?
    let total: Int?
}

/// Rows that belong to a row: those whose column `matches` holds what its own column `column` does.
struct GraphQLRelation: Sendable {
    /// `plan`, `services`.
    let name: String
    let column: String
    let target: GraphQLResource
    let matches: String
    let isMany: Bool
}
