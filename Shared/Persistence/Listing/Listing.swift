import Concurrency
package import Domain
import Postgres

/// One page of a list.
package struct ListPage<Row: Sendable>: Sendable {
    package let rows: [Row]
    /// What the next page is asked for with; nil on the last one.
    package let next: String?
    /// Rows on all pages, where it was asked for.
    package let total: Int?
}

/// Reads lists of one scope, page by page.
package struct Listing {
    /// A search that finds more is answered row by row in the order of the list: rows that it finds are never far then.
    private static let mostCandidates = 5_000

    private let transaction: ScopedTransaction
    private let scope: TenantID
    private let cursors: CursorSealer
    private let patience: Duration

    /// Lists in that transaction. `scope` is the transaction's root: cursors hold for it alone. No statement of a page takes longer
    /// than `patience`: what somebody asks for with one line must not hold a connection for as long as a table takes to read.
    package init(
        _ transaction: ScopedTransaction,
        scope: TenantID,
        cursors: CursorSealer,
        patience: Duration = .seconds(3)
    ) {
        self.transaction = transaction
        self.scope = scope
        self.cursors = cursors
        self.patience = patience
    }

    /// The page that the query's cursor tells, or the first. Throws `ListError` for a cursor of another list or a search that
    /// needs another filter beside it, `ListTooWide` where reading takes too long.
    package func page<Row>(of source: ListSource<Row>, _ query: ListQuery<Row>) async throws -> ListPage<Row> {
        try query.check(source)
        do {
            return try await read(source, query)
        } catch let error as PostgresError where error.code == .server && error.sqlState == "57014" {
            throw ListTooWide(limit: patience, narrowing: source.narrowing)
        }
    }

    private func read<Row>(_ source: ListSource<Row>, _ query: ListQuery<Row>) async throws -> ListPage<Row> {
        let binding = query.binding(source)
        let place = try query.cursor.map { text throws(ListError) in
            try cursors.open(text, for: binding, scope: scope)
        }
        let statement = try await statement(of: source, query, within: patience)
        // One more than asked for tells whether there is a next page.
        var statements = [try statement.page(after: place, limit: query.limit + 1)]
        if query.wantsTotal { statements.append(statement.total()) }
        let answers = try await run(statements, Self.setting(statement))
        let found = answers[0]
        let rows = found.prefix(query.limit)
        var next: String?
        if found.count > query.limit, let last = rows.last {
            next = cursors.seal(try Self.place(of: last, query.sort), for: binding, scope: scope)
        }
        return ListPage(
            rows: try rows.map(source.decode),
            next: next,
            total: query.wantsTotal ? answers[1].first?["total"].int : nil
        )
    }

    /// Rows of an export behind a place, at least `limit` and fewer than twice as many while there are any, and the next place; nil
    /// at the end. They stand tenant by tenant: what a page of many tenants reads of each would be read again for every chunk.
    func chunk<Row>(
        of source: ListSource<Row>,
        _ query: ListQuery<Row>,
        at place: ExportPlace?,
        limit: Int
    ) async throws -> (rows: [Row], next: ExportPlace?) {
        var place = if let place { place } else { ExportPlace(tenants: try await visibleTenants()) }
        let candidates = try await statement(of: source, query, within: nil).candidates
        var rows: [Row] = []
        while rows.count < limit, let tenant = place.tenants.last {
            let statement = ListStatement(source: source, query: query, tenants: .one(tenant), candidates: candidates)
            let found = try await run([try statement.page(after: place.row, limit: limit)], Self.setting(statement))[0]
            rows += try found.map(source.decode)
            place.row = try found.last.map { try Self.place(of: $0, query.sort) }
            if found.count < limit {
                place.tenants.removeLast()
                place.row = nil
            }
        }
        return (rows, place.tenants.isEmpty ? nil : place)
    }

    /// The last of them first.
    private func visibleTenants() async throws -> [TenantID] {
        try await transaction.query("SELECT id FROM unnest(visible_tenants()) t (id) ORDER BY id DESC").map { row in
            try row.need("id") { $0.id() }
        }
    }

    /// Runs statements under a setting of the planner that does not outlive them; nor does the limit of time.
    private func run(_ statements: [PGStatement], _ setting: (name: String, value: String)) async throws -> [PGRows] {
        let answers = try await transaction.pipeline(
            [PGStatement("SET LOCAL \(setting.name) = \(setting.value)")] + statements
                + [
                    PGStatement("SET LOCAL \(setting.name) TO DEFAULT"),
                    PGStatement("SET LOCAL statement_timeout TO DEFAULT"),
                ]
        )
        return Array(answers[1...statements.count])
    }

    /// The statement of a list; it, and what finds it out, may take that long.
    private func statement<Row>(
        of source: ListSource<Row>,
        _ query: ListQuery<Row>,
        within limit: Duration?
    ) async throws -> ListStatement<Row> {
        var statements = [
            PGStatement(
                "SET LOCAL statement_timeout \(limit.map { "= \(max(1, $0.wholeMilliseconds))" } ?? "TO DEFAULT")"
            ),
            PGStatement("SELECT cardinality(visible_tenants()) AS count, (visible_tenants())[1] AS first"),
        ]
        var function: String?
        if let search = query.search, case .trigrams(let name, _) = source.search {
            function = name
            statements.append(
                PGStatement(
                    "SELECT id FROM \(name)($1, \(Self.mostCandidates + 1))",
                    [.textArray(search.patterns)]
                )
            )
        }
        let answers = try await transaction.pipeline(statements)
        var tenants = ListTenants.visible
        if let row = answers[1].first, row["count"].int == 1, let only: TenantID = row["first"].id() {
            tenants = .one(only)
        }
        var candidates: [(high: UInt64, low: UInt64)?]?
        if function != nil, let found = answers.last, found.count <= Self.mostCandidates {
            candidates = found.map(\.["id"].uuid)
        }
        return ListStatement(source: source, query: query, tenants: tenants, candidates: candidates)
    }

    /// What keeps the planner to the index that gives the order.
    ///
    /// One tenant among many may have nearly all rows: only with his id before its eyes does it know. For many at once it
    /// takes each for a small one, and would sort the large one's rows; a condition that leaves few is better sorted.
    private static func setting<Row>(_ statement: ListStatement<Row>) -> (name: String, value: String) {
        switch statement.tenants {
        case .one: return ("plan_cache_mode", "force_custom_plan")
        case .visible:
            let sorts = statement.query.filters.contains { $0.isSelective }
            return ("enable_sort", sorts ? "on" : "off")
        }
    }

    private static func place(of row: PGRow, _ sort: ListSort) throws -> ListPlace {
        ListPlace(
            key: try row.need("list_key") { ListKey($0, sort.kind) },
            tie: try row.need("list_tie") { ListKey($0, sort.tieKind) }
        )
    }
}

/// How far an export has come.
struct ExportPlace: Sendable {
    /// Those whose rows are still to come; the present one last.
    var tenants: [TenantID]
    /// The last row of the present one.
    var row: ListPlace?
}
