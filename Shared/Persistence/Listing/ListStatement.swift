import Domain
import Postgres

/// The tenants of a list.
enum ListTenants: Sendable {
    /// One alone: the planner knows how many rows he has.
    case one(TenantID)
    /// All that the transaction sees.
    case visible
}

/// Makes the SQL of a page. Nothing of what a caller sent stands in it but as a parameter.
struct ListStatement<Row: Sendable> {
    let source: ListSource<Row>
    let query: ListQuery<Row>
    let tenants: ListTenants
    /// Rows that a search found, to be read each by its id.
    let candidates: [(high: UInt64, low: UInt64)?]?

    private var tables: [String] {
        guard let live = source.live,
            query.filters.contains(where: {
                $0.field.name == live.field && $0.comparison == .eq && $0.values == [.bool(true)]
            })
        else { return source.tables }
        return [live.table]
    }
    private var direction: String { query.isDescending ? "DESC" : "ASC" }
    private var order: String {
        let sort = query.sort
        return sort.isUnique ? "\(sort.tie) \(direction)" : "\(sort.expression) \(direction), \(sort.tie) \(direction)"
    }

    /// Up to `limit` rows behind the place, with the columns `list_key` and `list_tie`.
    func page(after place: ListPlace?, limit: Int) throws(ListError) -> PGStatement {
        var parameters = SQLParameters()
        var conditions = self.conditions(&parameters, isTotal: false)
        if let place { conditions.append(try behind(place, &parameters)) }
        let tail = "ORDER BY \(order) LIMIT \(limit)"
        let parts = tables.map { table in
            "(\(found(in: table, conditions, tail, &parameters)))"
        }
        return PGStatement(
            """
            SELECT \(source.selection), \(query.sort.expression) AS list_key, \(query.sort.tie) AS list_tie
            FROM (\(parts.joined(separator: " UNION ALL "))) r \(source.joins)
            \(tail)
            """,
            parameters.values
        )
    }

    /// How many rows there are on all pages.
    func total() -> PGStatement {
        var parameters = SQLParameters()
        let conditions = self.conditions(&parameters, isTotal: true)
        let parts = tables.map { table in
            let from: String
            var all = conditions
            if let candidates {
                from = "\(chosen(candidates, &parameters)) JOIN LATERAL \(keyed(table)) r ON true"
            } else {
                from = "\(table) r"
                if case .one(let tenant) = tenants { all.append("r.tenant_id = \(parameters.add(.id(tenant)))") }
            }
            return "(SELECT count(*) FROM \(from) \(Self.clause(all)))"
        }
        return PGStatement("SELECT (\(parts.joined(separator: " + ")))::bigint AS total", parameters.values)
    }

    /// One table's part of a page, itself in order and limited.
    private func found(
        in table: String,
        _ conditions: [String],
        _ tail: String,
        _ parameters: inout SQLParameters
    ) -> String {
        if let candidates {
            var all = conditions
            if case .one(let tenant) = tenants { all.append("r.tenant_id = \(parameters.add(.id(tenant)))") }
            return """
                SELECT r.* FROM \(chosen(candidates, &parameters)) CROSS JOIN LATERAL \(keyed(table)) r
                \(Self.clause(all)) \(tail)
                """
        }
        switch tenants {
        case .one(let tenant):
            let all = ["r.tenant_id = \(parameters.add(.id(tenant)))"] + conditions
            return "SELECT \(source.reads) FROM \(table) r \(Self.clause(all)) \(tail)"
        case .visible:
            // Every index begins with the tenant: each tenant's first rows by themselves, then the first of those.
            return """
                SELECT r.* FROM unnest(visible_tenants()) t (id) CROSS JOIN LATERAL (
                    SELECT \(source.reads) FROM \(table) r \(Self.clause(["r.tenant_id = t.id"] + conditions)) \(tail)
                ) r
                """
        }
    }

    private func chosen(_ candidates: [(high: UInt64, low: UInt64)?], _ parameters: inout SQLParameters) -> String {
        "unnest(\(parameters.add(.uuidArray(candidates)))) k (id)"
    }

    /// By the id alone: beside row-level security's own condition on the tenant a second one would make the planner think that
    /// any index that begins with the tenant finds a single row. LIMIT keeps it a probe for each candidate.
    private func keyed(_ table: String) -> String {
        "(SELECT \(source.reads) FROM \(table) r WHERE r.id = k.id LIMIT 1)"
    }

    private func conditions(_ parameters: inout SQLParameters, isTotal: Bool) -> [String] {
        var conditions: [String] = []
        if source.hasDeletion, query.deleted != .include {
            conditions.append("r.deleted_at IS \(query.deleted == .only ? "NOT " : "")NULL")
        }
        for filter in query.filters { conditions.append(filter.sql(&parameters)) }
        if let words = query.search?.patterns, let search = source.search, candidates == nil {
            conditions.append("(\(search.condition(words.map { parameters.add(.text($0)) }, isTotal: isTotal)))")
        }
        return conditions
    }

    private func behind(_ place: ListPlace, _ parameters: inout SQLParameters) throws(ListError) -> String {
        let sort = query.sort
        guard let key = place.key.parameter(sort.kind), let tie = place.tie.parameter(sort.tieKind) else {
            throw ListError(parameter: "cursor", reason: "is not one that this list gave")
        }
        let comparison = query.isDescending ? "<" : ">"
        if sort.isUnique { return "\(sort.tie) \(comparison) \(parameters.add(tie))" }
        let values = "\(parameters.add(key))\(sort.kind.cast), \(parameters.add(tie))"
        return "(\(sort.expression), \(sort.tie)) \(comparison) (\(values))"
    }

    private static func clause(_ conditions: [String]) -> String {
        conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    }
}
