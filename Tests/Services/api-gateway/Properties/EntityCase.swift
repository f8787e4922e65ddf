import Domain
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// What the properties need to know of one kind of thing. A kind that is added joins by one value in `all`.
struct EntityCase: Sendable, CustomTestStringConvertible {
    /// How its list is narrowed.
    enum Filtering: Sendable {
        /// By `filter`, these fields.
        case fields([ListField])
        /// By parameters of their own, which are named after columns.
        case equalities([String])
    }

    /// As the audit trail calls it.
    let name: String
    /// Where its list is; those below a customer stand below the plot's first.
    let path: @Sendable (Plot) -> String
    /// The operations that list it.
    let lists: Set<String>
    /// What must stand in every query of its list.
    var base: [String] = []
    let filtering: Filtering
    var sorts: [String] = []
    /// Where `q` looks; empty: there is no search.
    var searched: [String] = []
    /// Whether the list can be exported, and its total told.
    var isExported = false
    var isCounted = false
    var columns: [String] = []
    /// What tells rows apart.
    var key = ["id"]
    /// The time that periods are about, where it has one that can be filtered.
    var time: String?
    /// Customers and plans that must be there before.
    var owners = 0
    /// Makes that many of a plot's; returns how many the list then has, where others count too.
    let plant: @Sendable (Plot, Int, inout Draw) async throws -> Int
    /// Nil for what HTTP only reads.
    var writing: Writing?

    /// How it is made and changed over HTTP.
    struct Writing: Sendable {
        let required: [String]
        /// Members of numbers and amounts that must be more than zero.
        var positive: [String] = []
        /// Members that take any text.
        let texts: [String]
        /// Members that name another thing.
        var references: [String] = []
        let body: @Sendable (Plot, inout Draw) -> JSONRow
        /// A change that can always be made.
        let change: @Sendable (inout Draw) -> JSONRow
        var isSoftlyDeleted = false
        /// Makes something that depends on one, and says why that cannot be deleted then; nil where nothing can.
        var depend: (@Sendable (Plot, _ id: String, inout Draw) async throws -> Void)?
        /// What the trail calls making and removing one.
        var actions = (create: "create", delete: "delete")
        /// What is told when one is made, changed and removed.
        var told = (create: "directory.changed", update: "directory.changed", delete: "directory.changed")
        /// Whether making, changing and removing one is told as its own.
        var isBroadcast = true
        /// How directory.changed names it.
        var kind: String?
    }

    var testDescription: String { name }

    func identity(_ row: JSONRow) -> String { key.map { row[$0]?.text ?? "?" }.joined(separator: "/") }

    /// A target of its list.
    func target(_ plot: Plot, _ query: [String], export: Bool = false) -> String {
        let all = base + query
        return path(plot) + (export ? "/export" : "") + (all.isEmpty ? "" : "?" + all.joined(separator: "&"))
    }

    /// A random condition that some row of these meets, as a query has it and as a test sees it.
    func condition(_ rows: [JSONRow], _ draw: inout Draw) -> Condition? {
        switch filtering {
        case .equalities(let names):
            guard !names.isEmpty, let row = rows.randomElement(using: &draw.random) else { return nil }
            let name = draw.choice(names)
            guard let value = row[name], let text = value.plainText else { return nil }
            return Condition(query: "\(name)=\(text.encodedForQuery)") { $0[name] == value }
        case .fields(let fields):
            let known = fields.filter { columns.contains($0.name) }
            guard !known.isEmpty else { return nil }
            return Condition(draw.choice(known), rows, &draw)
        }
    }

    /// The population of a plot of the shared world: so many rows of random values, read back once.
    func population() async throws -> Population { try await PopulationCache.shared.value(self) }

    /// Walks the pages of a query to the end.
    func walk(_ plot: Plot, _ query: [String]) async throws -> (rows: [JSONRow], totals: Set<Int64>) {
        var next: String? = target(plot, query)
        var (rows, totals): ([JSONRow], Set<Int64>) = ([], [])
        while let target = next {
            let page = try await plot.world.must(200, "GET", target, as: plot.admin)
            rows += page.rows
            if let total = page["meta.total"]?.integer { totals.insert(total) }
            next = page.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
        }
        return (rows, totals)
    }

    init<Row>(
        _ resource: Resource<Row>,
        lists: Set<String>? = nil,
        path: (@Sendable (Plot) -> String)? = nil,
        base: [String] = [],
        searched: [String] = [],
        key: [String] = ["id"],
        time: String? = "created_at",
        owners: Int = 0,
        writing: Writing? = nil,
        plant: (@Sendable (Plot, Int, inout Draw) async throws -> Int)? = nil
    ) {
        name = resource.auditType
        let (own, deletes) = (resource.path, resource.source.hasDeletion)
        self.path = path ?? { _ in own }
        self.lists = lists ?? ["list\(resource.noun.many)"]
        self.base = base + (deletes ? ["deleted=include"] : [])
        filtering = .fields(resource.source.fields)
        sorts = resource.source.sorts
        self.searched = searched
        isExported = resource.isExported
        isCounted = true
        columns = resource.source.columns.map(\.name)
        self.key = key
        self.time = time
        self.owners = owners
        self.writing = writing
        let made = writing
        self.plant =
            plant ?? { plot, count, draw in
                for _ in 0..<count {
                    guard let body = made?.body(plot, &draw) else { return 0 }
                    _ = try await plot.world.must(201, "POST", own, as: plot.admin, JSONValue.object(body).written)
                }
                return count
            }
    }

    /// One whose list is not that of a `Resource`.
    init(
        name: String,
        path: String,
        list: String,
        base: [String] = [],
        equalities: [String],
        writing: Writing? = nil,
        plant: @escaping @Sendable (Plot, Int, inout Draw) async throws -> Int
    ) {
        self.name = name
        self.path = { _ in path }
        lists = [list]
        self.base = base
        filtering = .equalities(equalities)
        self.writing = writing
        self.plant = plant
    }
}

/// A plot with rows of one kind, and another's beside it with rows of the same values.
struct Population: Sendable {
    let plot: Plot
    let rows: [JSONRow]
    let other: Plot
    let others: [JSONRow]

    static let size = 25

    init(_ entity: EntityCase) async throws {
        var draw = Draw(SeededRandom("population of \(entity.name)"))
        let world = try await GatewayWorld.shared()
        func grow(_ count: Int) async throws -> (Plot, [JSONRow]) {
            let plot = try await Plot(world, customers: entity.owners, plans: entity.owners)
            let count = try await entity.plant(plot, count, &draw)
            let rows = try await entity.walk(plot, ["limit=100"]).rows
            try #require(rows.count == count, "\(entity.name): \(rows.count) of \(count) rows are told")
            return (plot, rows)
        }
        (plot, rows) = try await grow(Self.size)
        (other, others) = try await grow(5)
    }
}

private actor PopulationCache {
    static let shared = PopulationCache()
    private var made: [String: Task<Population, any Error>] = [:]

    func value(_ entity: EntityCase) async throws -> Population {
        if let task = made[entity.name] { return try await task.value }
        let task = Task { try await Population(entity) }
        made[entity.name] = task
        return try await task.value
    }
}
