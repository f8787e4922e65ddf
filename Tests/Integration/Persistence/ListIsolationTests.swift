import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Two tenants with two thousand rows each never see one another.
@Suite(.proves("TEN-03", "TEN-05")) struct ListIsolationTests {
    @Test func `by no id, filter, sort, search, export, count, statistic or cursor`() async throws {
        let world = try await ListingWorld(customers: 2_000)
        try await check(.customers, world, \.tenantID) { $0.id.description }
        try await check(.services, world, \.tenantID) { $0.id.description }
        try await check(.plans, world, \.tenantID) { $0.id.description }
        try await check(.nases, world, \.tenantID) { $0.id.description }
        try await check(.sessions, world, \.tenantID) { $0.id.description }
        try await check(.usage, world, \.tenantID) { "\($0.serviceID) \($0.day)" }
        try await check(.pools, world, \.tenantID) { $0.id.description }
        try await check(.leases, world, \.tenantID) { $0.id.description }
        try await check(.deadLetters, world, \.tenantID) { $0.id.description }
        try await check(.customerNotes, world, \.tenantID) { $0.id.description }
        try await check(.serviceHistory, world, \.tenantID) { $0.id.description }
        for tenant in [world.one, world.two] {
            let statistics = try await world.scope(tenant).transaction { try await CustomerStatistics.read($0) }
            #expect(statistics.total == 2_000)
        }
        await world.close()
    }

    private func check<Row>(
        _ source: ListSource<Row>,
        _ world: ListingWorld,
        _ tenant: @escaping (Row) -> TenantID,
        _ id: @escaping (Row) -> String
    ) async throws {
        let all = ListParameters(limit: "100")
        let theirs = try await world.walk(of: source, all, in: world.two) { (id($0), tenant($0)) }
        #expect(theirs.allSatisfy { $0.1 == world.two } && !theirs.isEmpty)
        let ours = try await world.walk(of: source, all, in: world.one) { (id($0), tenant($0)) }
        #expect(ours.allSatisfy { $0.1 == world.one } && ours.count == theirs.count)
        #expect(Set(ours.map(\.0)).isDisjoint(with: theirs.map(\.0)))
        // Half of the operator's.
        let both = try await world.page(of: source, ListParameters(limit: "1", count: "true"), in: world.operatorID)
            .total
        #expect(both == ours.count * 2)
        for sort in source.sorts.flatMap({ [$0, "-" + $0] }) {
            let page = try await world.page(
                of: source,
                ListParameters(limit: "100", sort: sort, count: "true"),
                in: world.one
            )
            #expect(
                page.total == ours.count && page.rows.allSatisfy { tenant($0) == world.one },
                "\(source.name) \(sort)"
            )
        }
        var filters: [String] = []
        if source.fields.contains(where: { $0.name == "tenant_id" }) { filters.append("tenant_id:eq:\(world.two)") }
        for name in ["id", "service_id", "customer_id"] where source.fields.contains(where: { $0.name == name }) {
            guard name == "id" else { continue }
            for foreign in theirs.prefix(3) { filters.append("id:eq:\(foreign.0)") }
            filters.append("id:in:" + theirs.prefix(50).map(\.0).joined(separator: ","))
        }
        for filter in filters {
            let page = try await world.page(of: source, ListParameters(filters: [filter], count: "true"), in: world.one)
            #expect(page.rows.isEmpty && page.total == 0 && page.next == nil, "\(source.name) \(filter)")
        }
        if source.hasSearch {
            for search in ["c", "1", "user", "ann", "p"] {
                let page = try await world.page(
                    of: source,
                    ListParameters(limit: "100", search: search, count: "true"),
                    in: world.one
                )
                #expect(page.rows.allSatisfy { tenant($0) == world.one } && page.total.map { $0 <= ours.count } == true)
            }
        }
        let query = try ListQuery(of: source)
        var lines = 0
        for try await chunk in try ListExport(of: source, query, as: .ndjson, in: world.scope(world.one)) {
            lines += chunk.count { $0 == 0x0a }
            #expect(!String(decoding: chunk, as: UTF8.self).contains(world.two.description), "\(source.name)")
        }
        #expect(lines == ours.count)
    }

    @Test func `the search's own functions tell nothing of tenants that are not named`() async throws {
        let world = try await ListingWorld(customers: 50)
        for function in ["customers_matching", "services_matching"] {
            for (setting, count) in [("", 0), ("{}", 0), ("{\(world.one)}", 50), ("{\(world.one),\(world.two)}", 100)] {
                let found = try await world.database.session.transaction(settings: [("nexora.tenants", setting)]) {
                    transaction in
                    try await transaction.query("SET LOCAL ROLE nexora_gateway")
                    return try await transaction.query("SELECT tenant_id FROM \(function)(ARRAY['%c%'], 1000)").count
                }
                #expect(found == count, "\(function) for \(setting)")
            }
            await #expect(throws: PostgresError.self) {
                try await world.asPipeline { try await $0.query("SELECT FROM \(function)(ARRAY['%c%'], 1000)") }
            }
        }
        await world.close()
    }
}
