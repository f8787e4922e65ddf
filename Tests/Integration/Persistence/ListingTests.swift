import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Lists against a real server, through row-level security.
@Suite(.proves("API-05", "CUS-03")) struct ListingTests {
    @Test func `walking with any sort and filter meets each row once, whatever is inserted meanwhile`() async throws {
        let world = try await ListingWorld(customers: 60)
        var random = SeededRandom()
        let filters = [
            "status:eq:active", "status:in:active,suspended", "name:prefix:ann", "name:contains:b", "due_day:gte:1",
            "email:null:false", "tags:contains:vip", "created_at:lt:2026-01-03T00:00:00Z", "phone:contains:1",
            "status:ne:terminated", "code:prefix:C1",
        ]
        for round in 0..<120 {
            var parameters = ListParameters(limit: "\(Int.random(in: 1...25, using: &random))")
            let sorts = ListSource.customers.sorts
            parameters.sort =
                (Bool.random(using: &random) ? "-" : "") + sorts[Int.random(in: sorts.indices, using: &random)]
            parameters.filters = filters.filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
            if Int.random(in: 0..<4, using: &random) == 0 {
                parameters.search = ["ann", "c1", "usere", "an 3"].randomElement(using: &random)
            }
            let tenant = Bool.random(using: &random) ? world.one : world.operatorID
            parameters.count = "true"
            let all = try await world.page(of: .customers, parameters, in: tenant).total
            parameters.count = nil
            let before = Set(try await world.walk(of: .customers, parameters, in: tenant, \.id))
            #expect(before.count == all)
            let inserts = round % 3 == 0
            let walked = try await world.walk(of: .customers, parameters, in: tenant) { page in
                guard inserts, page % 2 == 1, page < 6 else { return }
                let code = "C1\(round)x\(page)"
                _ = try await world.scope(world.one).transaction { transaction in
                    try await CustomerWriter(transaction, ids: world.ids).create(tenant: world.one) {
                        ($0.code, $0.name, $0.phone, $0.address) = (code, "Ann \(page)", "+1", "a")
                    }
                }
            } _: {
                $0.id
            }
            #expect(Set(walked).count == walked.count, "\(parameters): a row came twice")
            #expect(before.isSubset(of: walked), "\(parameters): a row was passed over")
        }
        await world.close()
    }

    @Test func `pages are in the order that was asked for`() async throws {
        let world = try await ListingWorld(customers: 80)
        for descending in [false, true] {
            let sign = descending ? "-" : ""
            let names = try await world.walk(
                of: .customers,
                ListParameters(limit: "7", sort: sign + "name"),
                in: world.operatorID
            ) {
                Array($0.name.lowercased().utf8)
            }
            #expect(names.count == 160)
            #expect(
                zip(names, names.dropFirst()).allSatisfy { first, second in
                    descending ? !first.lexicographicallyPrecedes(second) : !second.lexicographicallyPrecedes(first)
                }
            )
            let times = try await world.walk(
                of: .customers,
                ListParameters(limit: "9", sort: sign + "created_at"),
                in: world.one
            ) {
                $0.stamp?.createdAt.microseconds ?? 0
            }
            #expect(times == (descending ? times.sorted(by: >) : times.sorted()))
        }
        await world.close()
    }

    @Test func `every sort, field and operator of every resource is answered`() async throws {
        let world = try await ListingWorld(customers: 120)
        try await exercise(.customers, world)
        try await exercise(.plans, world)
        try await exercise(.services, world)
        try await exercise(.nases, world)
        try await exercise(.sessions, world)
        try await exercise(.usage, world)
        try await exercise(.pools, world)
        try await exercise(.leases, world)
        try await exercise(.deadLetters, world)
        try await exercise(.customerNotes, world)
        try await exercise(.serviceHistory, world)
        await world.close()
    }

    private func exercise<Row>(_ source: ListSource<Row>, _ world: ListingWorld) async throws {
        let json: (Row) -> String = { row in
            var writer = JSONWriterForRow()
            return writer.text(of: row, source)
        }
        let all = Set(try await world.walk(of: source, ListParameters(limit: "100"), in: world.operatorID, json))
        #expect(all.count > 9, "\(source.name) has rows")
        for sort in source.sorts.flatMap({ [$0, "-" + $0] }) {
            let parameters = ListParameters(limit: "40", sort: sort)
            for tenant in [world.one, world.operatorID] {
                let found = try await world.walk(of: source, parameters, in: tenant, json)
                #expect(
                    Set(found).count == found.count && found.count == (tenant == world.one ? all.count / 2 : all.count)
                )
                #expect(all.isSuperset(of: found), "\(source.name) by \(sort)")
            }
        }
        // Texts of sessions are sought within a time.
        let bound = source.name == "sessions" ? ["started_at:gte:2000-01-01T00:00:00Z"] : []
        for field in source.fields {
            for comparison in field.operators {
                let value = comparison == .isNull ? "true" : Self.sample(field.kind)
                let filter = "\(field.name):\(comparison.rawValue):\(value)"
                for tenant in [world.one, world.operatorID] {
                    let page = try await world.page(
                        of: source,
                        ListParameters(limit: "100", filters: [filter] + bound, count: "true"),
                        in: tenant
                    )
                    #expect(page.total.map { $0 >= page.rows.count } == true, "\(source.name) \(filter)")
                    #expect(all.isSuperset(of: page.rows.map(json)), "\(source.name) \(filter)")
                }
            }
        }
        if source.hasSearch {
            for search in ["a", "user1", "nothing of the kind", "%", "_", "\\", "1"] {
                _ = try await world.page(
                    of: source,
                    ListParameters(search: search, count: "true"),
                    in: world.operatorID
                )
            }
        }
    }

    private static func sample(_ kind: ListKind) -> String {
        switch kind {
        case .text, .tags: "a"
        case .choice(let words): words.first ?? ""
        case .integer, .decimal: "5"
        case .boolean: "true"
        case .time: "2026-02-01T00:00:00Z"
        case .day: "2026-02-01"
        case .id: UUID128.zero.description
        case .address: "10.1.0.1"
        case .prefix: "10.1.0.0/16"
        case .mac: "02:00:00:00:00:01"
        }
    }

    @Test func `a filter finds what it says and nothing else`() async throws {
        let world = try await ListingWorld(customers: 120)
        func names(_ filters: [String], search: String? = nil) async throws -> [Customer] {
            try await world.walk(
                of: .customers,
                ListParameters(limit: "100", filters: filters, search: search),
                in: world.one
            ) { $0 }
        }
        let all = try await names([])
        #expect(try await names(["status:eq:active"]).count == all.count { $0.status == .active })
        #expect(try await names(["name:prefix:ÇEL"]).count == all.count { $0.name.hasPrefix("Çel") })
        #expect(try await names(["name:prefix:_eve%"]).count == all.count { $0.name.hasPrefix("_Eve%") })
        #expect(try await names(["name:contains:%"]).count == all.count { $0.name.contains("%") })
        #expect(try await names(["email:null:true"]).count == all.count { $0.email == nil })
        #expect(try await names(["tags:contains:vip"]).count == all.count { $0.tags == ["vip"] })
        #expect(try await names(["code:in:C1,C2,C\\,3"]).map(\.code).sorted() == ["C1", "C2"])
        #expect(try await names(["status:eq:active", "status:eq:suspended"]).isEmpty)
        let plan = try #require(
            try await world.page(of: .plans, ListParameters(sort: "name"), in: world.one).rows.first
        )
        #expect(try await names(["plan_id:eq:\(plan.id)"]).count == all.count)
        // By what people type: codes, names, numbers however they are written, mail and user names.
        #expect(try await names([], search: "mail17@example.net").map(\.code) == ["C17"])
        #expect(try await names([], search: "userC17").map(\.code) == ["C17"])
        #expect(try await names([], search: "493017").map(\.code) == ["C17"])
        #expect(try await names([], search: "+49 30 17").map(\.code).contains("C17"))
        #expect(try await names([], search: "çelik").count == all.count { $0.name.hasPrefix("Çelik") })
        #expect(try await names([], search: "_eve% 3").allSatisfy { $0.name.hasPrefix("_Eve%") })
        #expect(try await names([], search: "zzz").isEmpty)
        await world.close()
    }

    @Test func `a search that finds more than is looked up by itself finds all of it`() async throws {
        let world = try await ListingWorld(customers: 5_200)
        for parameters in [
            ListParameters(limit: "100", search: "street"), ListParameters(limit: "100", sort: "name", search: "c"),
        ] {
            var parameters = parameters
            parameters.search = "c"
            parameters.count = "true"
            let page = try await world.page(of: .customers, parameters, in: world.one)
            #expect(page.total == 5_200 && page.rows.count == 100)
        }
        let ids = try await world.walk(of: .customers, ListParameters(limit: "100", search: "c"), in: world.one, \.id)
        #expect(Set(ids).count == 5_200)
        await world.close()
    }

    @Test func `statistics sum to the total`() async throws {
        let world = try await ListingWorld(customers: 90)
        let before = try await world.scope(world.one).transaction { try await CustomerStatistics.read($0) }
        #expect(before.total == 90 && before.byStatus.values.reduce(0, +) == 90 && before.deleted == 0)
        #expect(before.byStatus == [.active: 30, .suspended: 30, .terminated: 30])
        #expect(
            try await world.scope(world.operatorID).transaction { try await CustomerStatistics.read($0) }.total == 180
        )
        await world.close()
    }

    @Test(.proves("RAD-15")) func `a session is found wherever it lies, and a day's usage to its last commit`()
        async throws
    {
        let world = try await ListingWorld(customers: 60)
        let open = try await world.walk(
            of: .sessions,
            ListParameters(limit: "100", filters: ["is_open:eq:true"]),
            in: world.one
        ) { $0 }
        #expect(open.count == 50 && open.allSatisfy { $0.endedAt == nil && $0.nasName != nil })
        let past = try await world.walk(
            of: .sessions,
            ListParameters(limit: "100", filters: ["started_at:lt:2026-01-01T00:00:00Z"]),
            in: world.one
        ) { $0 }
        #expect(past.count == 60)
        for session in [open.first, past.first].compactMap({ $0 }) {
            #expect(
                try await world.scope(world.one).transaction { try await SessionInspection($0).find(session.id) }
                    == session
            )
            #expect(
                try await world.scope(world.two).transaction { try await SessionInspection($0).find(session.id) } == nil
            )
        }
        let day = try #require(try await world.page(of: .usage, in: world.one).rows.first)
        try await world.asPipeline { transaction in
            try await transaction.query(
                """
                INSERT INTO usage_pending (tenant_id, day, service_ids, input_octets, output_octets, sessions)
                VALUES ($1, '2026-02-03', ARRAY[$2, $2]::uuid[], ARRAY[10, 100], ARRAY[20, 200], ARRAY[0, 1])
                """,
                [.id(world.one), .id(day.serviceID)]
            )
        }
        let days = try await world.scope(world.one).transaction { transaction in
            try await UsageSeries(transaction).days(
                of: day.serviceID,
                from: try #require(CivilDate("2026-02-02")),
                through: try #require(CivilDate("2026-02-28"))
            )
        }
        #expect(days.map(\.inputOctets) == [1, 111] && days.map(\.outputOctets) == [2, 222])
        await world.close()
    }
}
