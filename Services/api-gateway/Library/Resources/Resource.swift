package import Domain
import HTTPServer
import Identity
package import Persistence

/// A kind of thing that lies in Postgres, as far as HTTP needs to know: from it come its routes, its description, its
/// authorization and its entries in the audit trail.
package struct Resource<Row: Sendable>: Sendable {
    /// How a customer's own rows are told.
    package enum OwnRows: Sendable {
        /// By this filter of the list.
        case field(String)
        /// All of the tenant: a catalogue.
        case all
        /// None: he has no permission, and would see nothing with one.
        case none
    }

    package let source: ListSource<Row>
    /// `/api/v1/customers`.
    package let path: String
    /// `Customer` and `Customers`: operations are named getCustomer, listCustomers.
    package let noun: (one: String, many: String)
    package let tag: String
    /// What the audit trail calls one.
    package let auditType: String
    package let read: Permission
    package let own: OwnRows
    package let id: @Sendable (Row) -> String
    package let owner: @Sendable (Row) -> RecordOwner
    /// Nil for rows that never change.
    package let version: @Sendable (Row) -> Int64?
    /// What changes in a row without a change of its version: another representation, and the same thing to whoever changes it.
    package let standing: @Sendable (Row) -> Int64?
    package let find: @Sendable (ScopedTransaction, UUID128, _ includingDeleted: Bool) async throws -> Row?
    /// The schemas of columns whose name does not tell.
    package let schemas: [String: Schema]
    package let isExported: Bool
    /// Columns of the house's own: a customer sees them of no row, not of his own either.
    package let staffOnly: Set<String>
    /// Which reads stand in the audit trail.
    package let recordedReads: RecordedReads
    /// Rows that are kept in memory for a while.
    package let cached: CachedKind?

    /// Reads that the audit trail knows of, beside exports (AUD-12).
    package enum RecordedReads: Sendable {
        case none
        /// Every list and every row.
        case all
        /// Lists that are asked for by one of these fields: who had this address is more than a look at a list.
        case by(Set<String>)
    }

    package init(
        _ source: ListSource<Row>,
        path: String,
        noun: (one: String, many: String),
        tag: String,
        auditType: String,
        read: Permission,
        own: OwnRows,
        id: @escaping @Sendable (Row) -> String,
        owner: @escaping @Sendable (Row) -> RecordOwner,
        version: @escaping @Sendable (Row) -> Int64? = { _ in nil },
        standing: @escaping @Sendable (Row) -> Int64? = { _ in nil },
        schemas: [String: Schema] = [:],
        isExported: Bool = true,
        staffOnly: Set<String> = [],
        recordedReads: RecordedReads = .none,
        cached: CachedKind? = nil,
        find: @escaping @Sendable (ScopedTransaction, UUID128, Bool) async throws -> Row?
    ) {
        self.source = source
        self.path = path
        self.noun = noun
        self.tag = tag
        self.auditType = auditType
        self.read = read
        self.own = own
        self.id = id
        self.owner = owner
        self.version = version
        self.standing = standing
        self.schemas = schemas
        self.isExported = isExported
        self.staffOnly = staffOnly
        self.recordedReads = recordedReads
        self.cached = cached
        self.find = find
    }

    /// What a row looks like when it goes out.
    package var schema: Schema {
        // `fields` may leave any of them out.
        .object(source.columns.map { .init($0.name, schema(of: $0.name), isRequired: false) })
    }

    private func schema(of column: String) -> Schema {
        if let known = schemas[column] { return known }
        if column == "id" || column == "tenant_id" { return .uuid }
        if column == "version" { return .integer(0...Int64.max) }
        if column.hasSuffix("_id") { return .nullable(.uuid) }
        if column.hasSuffix("_at") { return .nullable(.time) }
        if column.hasPrefix("is_") { return .boolean }
        if column.hasSuffix("_seconds") || column.hasSuffix("_octets") || column.hasSuffix("_packets") {
            return .nullable(.integer())
        }
        return .nullable(.text())
    }

    // MARK: - Queries

    /// The query of a request, bound to what its caller may see.
    func query(_ request: Request, _ caller: Caller, adding filters: [ListFilter] = []) throws -> ListQuery<Row> {
        let query = request.query
        let parameters = ListParameters(
            limit: query["limit"],
            cursor: query["cursor"],
            sort: query["sort"],
            filters: query.all("filter"),
            search: query["q"],
            count: query["count"],
            deleted: query["deleted"]
        )
        return try self.query(parameters, caller, adding: filters)
    }

    /// The query that parameters tell, bound to what the caller may see.
    func query(
        _ parameters: ListParameters,
        _ caller: Caller,
        adding filters: [ListFilter] = []
    ) throws -> ListQuery<Row> {
        try query(parameters, within: caller.principal.reach, adding: filters)
    }

    /// The same for somebody who reaches that far.
    func query(
        _ parameters: ListParameters,
        within reach: Reach,
        adding filters: [ListFilter] = []
    ) throws -> ListQuery<Row> {
        var list = try ListQuery(parameters, of: source)
        let hidden = hidden(within: reach)
        guard !list.filters.contains(where: { hidden.contains($0.name) }) else {
            throw ListError(parameter: "filter", reason: "has an unknown field")
        }
        for filter in try bounds(within: reach) + filters { list = list.adding(filter) }
        return list
    }

    /// The conditions that keep a list to what its caller may see, beside row-level security.
    func bounds(of caller: Caller) throws -> [ListFilter] { try bounds(within: caller.principal.reach) }

    private func bounds(within reach: Reach) throws -> [ListFilter] {
        func ofTenant(_ tenant: TenantID) throws -> [ListFilter] {
            guard source.fields.contains(where: { $0.name == "tenant_id" }) else { return [] }
            return [try .equal("tenant_id", tenant, of: source)]
        }
        switch reach {
        case .subtree: return []
        case .tenant(let tenant): return try ofTenant(tenant)
        case .customer(let tenant, let customer):
            switch own {
            case .field(let name): return try ofTenant(tenant) + [try .equal(name, customer, of: source)]
            case .all: return try ofTenant(tenant)
            case .none: throw Problem.notFound
            }
        case .nothing: throw Problem.notFound
        }
    }

    /// Throws `notFound` for a row that is not the caller's to see.
    func see(_ row: Row, _ caller: Caller) throws(Problem) {
        var owner = owner(row)
        if case .all = own, case .customer(_, let customer) = caller.principal.reach { owner.customerID = customer }
        try caller.principal.see(owner)
    }

    /// Puts a list or a row on record that must be before it is shown.
    func recordRead(_ request: Request, _ parts: Parts, row: Row? = nil) async throws {
        guard isRecorded(request.query.all("filter")) else { return }
        try await parts.recordRead(
            try request.caller,
            .read,
            AuditResource(auditType, row.map { id($0) }),
            of: row.map { owner($0).tenantID },
            detail: row == nil ? Self.wanted(request) : nil
        )
    }

    /// Whether what those filters ask for goes on record.
    func isRecorded(_ filters: [String]) -> Bool {
        switch recordedReads {
        case .none: false
        case .all: true
        case .by(let fields):
            !fields.isDisjoint(with: filters.compactMap { $0.split(separator: ":").first.map(String.init) })
        }
    }

    /// What a list or an export was asked for, for the audit trail.
    static func wanted(_ request: Request) -> AuditValue {
        var wanted: [String: AuditValue] = ["filters": .list(request.query.all("filter").map { .text($0) })]
        for name in ["q", "deleted", "fields"] { wanted[name] = request.query[name].map { .text($0) } }
        return .object(wanted)
    }

    /// The row of that id that the caller may see.
    func found(
        _ id: UUID128,
        _ transaction: ScopedTransaction,
        _ caller: Caller,
        includingDeleted: Bool = false
    ) async throws -> Row {
        let row = try await stored(id, transaction, includingDeleted)
        try see(row, caller)
        return row
    }

    private func stored(_ id: UUID128, _ transaction: ScopedTransaction, _ includingDeleted: Bool) async throws -> Row {
        guard let row = try await find(transaction, id, includingDeleted) else { throw Problem.notFound }
        return row
    }

    /// The same for a read, which may find it in memory.
    func read(_ id: UUID128, _ request: Request, _ parts: Parts) async throws -> Row {
        guard let cached else { return try await parts.readOnce(request) { try await found(id, $0, $1) } }
        let caller = try request.caller
        let row = try await parts.rows.row(cached, id, in: caller.principal.tenantID) {
            try await parts.readOnce(request) { transaction, _ in try await stored(id, transaction, false) }
        }
        try see(row, caller)
        return row
    }

    /// The columns that `fields` asks for, of those that the caller may see; nil for all that there are.
    func columns(_ request: Request) throws -> [OutputColumn<Row>]? {
        let names = request.query["fields"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return try columns(named: names, within: try request.caller.principal.reach)
    }

    /// The same for somebody who reaches that far.
    func columns(named names: [String]?, within reach: Reach) throws -> [OutputColumn<Row>]? {
        let hidden = hidden(within: reach)
        let seen = hidden.isEmpty ? nil : source.columns.filter { !hidden.contains($0.name) }
        guard let names else { return seen }
        guard hidden.isDisjoint(with: names) else {
            throw ListError(
                parameter: "fields",
                reason: "must be some of \((seen ?? source.columns).map(\.name).joined(separator: ", "))"
            )
        }
        return try source.columns(named: names)
    }

    /// The columns that are the staff's alone.
    func hidden(from caller: Caller) -> Set<String> { hidden(within: caller.principal.reach) }

    private func hidden(within reach: Reach) -> Set<String> {
        if case .customer = reach { staffOnly } else { [] }
    }
}

extension Request {
    /// The id in the path.
    func pathID(_ name: String = "id") throws(Problem) -> UUID128 {
        guard let id = parameters[name].flatMap({ UUID128($0) }) else { throw .notFound }
        return id
    }
}
