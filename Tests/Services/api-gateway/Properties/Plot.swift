import Domain
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import APIGateway

/// A provider with somebody who may do everything in it: where a property plays, beside everybody else's.
struct Plot: Sendable {
    let world: GatewayWorld
    let tenant: TenantID
    let admin: GatewayWorld.Person
    /// Who stands above all tenants.
    let above: GatewayWorld.Person
    /// What others refer to.
    let customers: [String]
    let plans: [String]

    private static let numbers = Mutex<UInt32>(0)

    /// A number that nobody had before, for what must be unique.
    static func number() -> UInt32 {
        numbers.withLock { number in
            number += 1
            return number
        }
    }

    init(_ world: GatewayWorld, customers: Int = 0, plans: Int = 0) async throws {
        let tenant = Tenant(
            id: world.parts.ids.next(),
            parentID: world.operatorID,
            kind: .provider,
            name: "Plot",
            subdomain: "plot-\(Self.number())"
        )
        try await world.parts.database.transaction(in: world.operatorID, joining: [tenant.id]) {
            try await TenantRepository($0).insert(tenant)
        }
        self.world = world
        self.tenant = tenant.id
        admin = try await world.person(.tenantAdmin, in: tenant.id)
        above = try await world.person(.superAdmin)
        var made: (customers: [String], plans: [String]) = ([], [])
        for number in 0..<customers { made.customers.append(try await world.customer(as: admin, "Owner \(number)")) }
        for number in 0..<plans { made.plans.append(try await world.plan(as: admin, "Base \(number)")) }
        (self.customers, self.plans) = made
    }

    /// Sends a request of the tenant's administrator.
    func send(
        _ method: String,
        _ target: String,
        _ body: [String: JSONValue]? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        try await world.send(method, target, as: admin, body.map { JSONValue.object($0).written }, headers: headers)
    }

    /// A page's rows; the answer must be one.
    func rows(_ target: String) async throws -> [JSONRow] {
        try await world.must(200, "GET", target, as: admin).rows
    }

    /// Carries out statements as the database's superuser.
    func sql(_ text: String) async throws { try await world.superuser.script(text) }

    /// The first column of a query by the database's superuser.
    func texts(_ sql: String) async throws -> [String] {
        try await world.superuser.query(sql).compactMap { $0[0].text }
    }

    /// What each table that belongs to tenants holds of this tenant, and a digest of what it holds of all others.
    func tables() async throws -> [String: TenantTable] { try await TenantTable.all(world, of: tenant) }
}

/// A row as an answer has it.
typealias JSONRow = [String: JSONValue]

extension Answer {
    /// The rows of a page.
    var rows: [JSONRow] {
        list("data").compactMap { value in
            guard case .object(let members) = value else { return nil }
            return members
        }
    }
}

extension JSONValue {
    /// The value as JSON.
    var written: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let flag): writer.value(flag)
        case .number(let text): writer.raw(Array(text.utf8))
        case .text(let text): writer.value(text)
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(string: name)
                value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    static func whole(_ number: some BinaryInteger) -> JSONValue { .number(String(number)) }
}

/// One table as a tenant sees it and as all others do.
struct TenantTable: Equatable, Sendable {
    let own: Int
    /// Of the tenant's own rows.
    let digest: String
    let others: String

    /// Every table with a tenant's column, as information_schema names them: one that a later migration adds is among them.
    static func names(_ world: GatewayWorld) async throws -> [String] {
        try await world.superuser.query(
            """
            SELECT c.table_name::text FROM information_schema.columns c
            JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
            JOIN pg_class p ON p.relname = c.table_name AND p.relnamespace = 'public'::regnamespace
            WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
                AND NOT p.relispartition
            """
        ).compactMap { $0[0].text }
    }

    /// How many rows of these tenants are left, by table.
    static func left(_ world: GatewayWorld, of tenants: [TenantID]) async throws -> [String: Int] {
        let ids = tenants.map { "'\($0)'" }.joined(separator: ",")
        let selects = (try await names(world).map { ($0, "tenant_id") } + [("tenants", "id")]).map { name, column in
            "SELECT '\(name)', count(*) FROM \(name) WHERE \(column) IN (\(ids))"
        }
        let rows = try await world.superuser.query(selects.joined(separator: " UNION ALL "))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0].text ?? "", $0[1].int ?? -1) })
    }

    /// What each of them holds.
    static func all(_ world: GatewayWorld, of tenant: TenantID) async throws -> [String: TenantTable] {
        let names = try await names(world)
        let selects = (names.map { ($0, "tenant_id") } + [("tenants", "id")]).map { name, column in
            """
            SELECT '\(name)', count(*) FILTER (WHERE \(column) = '\(tenant)'),
                coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text) FILTER (WHERE \(column) = '\(tenant)')), ''),
                coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text) FILTER (WHERE \(column) <> '\(tenant)')), '')
            FROM \(name) t
            """
        }
        var found: [String: TenantTable] = [:]
        for row in try await world.superuser.query(selects.joined(separator: " UNION ALL ")) {
            found[row[0].text ?? ""] = TenantTable(
                own: row[1].int ?? -1,
                digest: row[2].text ?? "",
                others: row[3].text ?? ""
            )
        }
        return found
    }
}

/// Runs cases a few at a time, each with randomness of its own that one seed gives.
func cases(
    _ label: String,
    count: Int = 100,
    width: Int = 4,
    _ body: @escaping @Sendable (_ number: Int, inout Draw) async throws -> Void
) async throws {
    var seeds = SeededRandom(label)
    let drawn = (0..<count).map { _ in seeds.next() }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= width { try await group.next() }
            let seed = drawn[number]
            group.addTask {
                var draw = Draw(SeededRandom(seed: seed))
                try await body(number, &draw)
            }
        }
        try await group.waitForAll()
    }
}

/// Random values that come again often enough for filters and searches to find them.
struct Draw: Sendable {
    var random: SeededRandom

    init(_ random: SeededRandom) { self.random = random }

    static let words = [
        "amber", "Birch", "cable", "Dune", "echo", "Fjord", "glass", "Harbour", "ivory", "Juniper", "Kiel", "lantern",
        "Müller", "north", "O'Hara", "50%", "under_score", "back\\slash", "tab;le", "zürich",
    ]

    mutating func word() -> String { choice(Self.words) }
    /// A word of letters and digits alone.
    mutating func plain() -> String {
        choice(["amber", "birch", "cable", "dune", "echo", "fjord", "glass", "harbour"])
    }
    mutating func phrase() -> String { (0..<whole(1...3)).map { _ in word() }.joined(separator: " ") }
    mutating func whole(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { whole(1...100) <= percent }
    mutating func choice<Value>(_ values: [Value]) -> Value { values[whole(0...values.count - 1)] }

    /// Some of the values, at least one.
    mutating func some<Value>(_ values: [Value]) -> [Value] {
        let kept = values.shuffled(using: &random).prefix(whole(1...max(1, values.count)))
        return Array(kept)
    }

    /// An id that nothing has.
    mutating func id() -> String {
        UUID128(high: random.next() & ~0xF000 | 0x7000, low: random.next() >> 2 | 1 << 63).description
    }
}

extension String {
    /// RFC 3986 §2.3: everything but the unreserved in percent.
    var encodedForQuery: String {
        var text = ""
        for octet in utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                text.unicodeScalars.append(Unicode.Scalar(octet))
            default:
                let digits = String(octet, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" + digits : digits)
            }
        }
        return text
    }
}
