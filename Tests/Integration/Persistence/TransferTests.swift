import Domain
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing
import WireFormat

/// Customers in and out as files.
@Suite(.proves("EXP-01", "EXP-02")) struct TransferTests {
    private func export<Row>(
        _ world: ListingWorld,
        of source: ListSource<Row>,
        as format: ExportFormat.Text,
        _ parameters: ListParameters = ListParameters(),
        in tenant: TenantID,
        chunkRows: Int = 33
    ) async throws -> [UInt8] {
        let query = try ListQuery(parameters, of: source)
        var bytes: [UInt8] = []
        for try await chunk in try ListExport(
            of: source,
            query,
            as: format,
            in: world.scope(tenant),
            chunkRows: chunkRows
        ) {
            bytes += chunk
        }
        return bytes
    }

    /// Imports a file in chunks of random sizes.
    private func load(
        _ world: ListingWorld,
        _ bytes: [UInt8],
        into tenant: TenantID,
        dry: Bool = false,
        batchRows: Int = 7,
        random: inout SeededRandom,
        audit: @escaping CustomerImport.Audit = { _, _ in }
    ) async throws -> ([ImportResult], CustomerImport.Summary) {
        var importer = CustomerImport(
            tenant: tenant,
            ids: world.ids,
            isDryRun: dry,
            in: world.scope(tenant),
            batchRows: batchRows,
            audit: audit
        )
        var results: [ImportResult] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...400, using: &random))
            results += try await importer.consume(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        results += try await importer.finish()
        return (results, importer.summary)
    }

    private func customers(_ world: ListingWorld, _ tenant: TenantID) async throws -> [Customer] {
        try await world.walk(of: .customers, ListParameters(limit: "100", sort: "code"), in: tenant) { $0 }
    }

    @Test func `what was exported is imported again as it was`() async throws {
        let world = try await ListingWorld(customers: 0)
        var random = SeededRandom()
        let alphabet = Array("ab'=+-@,;\"\n\r\té Ü\\")
        func text(_ most: Int, _ random: inout SeededRandom) -> String {
            "x"
                + String(
                    (0..<Int.random(in: 0...most, using: &random)).map { _ in
                        alphabet.randomElement(using: &random) ?? "a"
                    }
                )
        }
        var made: [Customer] = []
        for index in 0..<120 {
            let formula = ["", "=", "+", "-", "@", "'=", "''@"].randomElement(using: &random) ?? ""
            var customer = Customer(
                tenantID: world.one,
                id: world.ids.next(),
                code: "K\(1000 + index)",
                name: formula + text(12, &random),
                email: Bool.random(using: &random) ? "a\(index)@example.net" : nil,
                phone: "+49 \(index)",
                address: formula + text(20, &random),
                status: CustomerStatus.allCases.randomElement(using: &random) ?? .active,
                dueDay: Int.random(in: 1...31, using: &random),
                notes: text(30, &random),
                tags: Bool.random(using: &random) ? ["vip", "b\(index)"] : []
            )
            if Bool.random(using: &random) {
                customer.latitude = Double.random(in: -90...90, using: &random)
                customer.longitude = Double.random(in: -180...180, using: &random)
                customer.monthlyFee = try Money(
                    tenThousandths: Int64.random(in: 0...9_999_999, using: &random),
                    currency: .euro
                )
                customer.installedOn = CivilDate(daysSince1970: Int.random(in: 0...30_000, using: &random))
            }
            made.append(customer)
        }
        let stored = made
        try await world.scope(world.one).transaction { transaction in
            for customer in stored { try await CustomerRepository(transaction).insert(customer) }
        }
        let file = try await export(world, of: .customers, as: .csv, ListParameters(sort: "code"), in: world.one)
        let (results, summary) = try await load(world, file, into: world.two, random: &random)
        #expect(
            results.allSatisfy(\.problems.isEmpty) && summary == .init(rows: 120, created: 120, failed: 0),
            "\(results.filter { !$0.problems.isEmpty })"
        )
        let back = try await customers(world, world.two)
        #expect(back.count == 120)
        for (was, now) in zip(try await customers(world, world.one), back) {
            var same = now
            (same.tenantID, same.id, same.stamp) = (was.tenantID, was.id, was.stamp)
            #expect(same == was)
        }
        await world.close()
    }

    @Test func `a bad row fails alone, each record has its result, and a dry run says the same and stores nothing`()
        async throws
    {
        let world = try await ListingWorld(customers: 3)
        var random = SeededRandom()
        let file = """
            name;code;phone;address;email;status;due_day\r
            Good;G1;1;a;;;\r
            ;G2;1;a;;;\r
            Twice;G1;1;a;;;\r
            Taken;C1;1;a;;;\r
            Mail;G3;1;a;no mail;;\r
            Status;G4;1;a;;gone;99\r
            Few;G5;1\r
            Quote"d;G6;1;a;;;\r
            "Own
            lines";;+1;a;;;\r
            Generated;;1;a;;suspended;3
            """
        var said: [[[ImportFault]]] = []
        let counts = Mutex<[Int]>([])
        for dry in [true, false] {
            let (results, summary) = try await load(
                world,
                Array(file.utf8),
                into: world.one,
                dry: dry,
                batchRows: 3,
                random: &random
            ) { transaction, changes in
                counts.withLock { $0.append(changes.count) }
                #expect(changes.allSatisfy { $0.before == nil && $0.after?.stamp != nil })
                _ = try await transaction.query("SELECT 1")
            }
            #expect(results.map(\.line) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
            #expect(
                results.map { $0.problems.isEmpty } == [
                    true, false, false, false, false, false, false, false, true, true,
                ]
            )
            #expect(summary == .init(rows: 10, created: 3, failed: 7))
            #expect(results.map(\.id).allSatisfy { dry ? $0 == nil : true })
            said.append(results.map(\.problems))
            let found = try await customers(world, world.one)
            #expect(found.count == (dry ? 3 : 6))
            if !dry {
                #expect(results.last?.code == "C000002" && results[8].code == "C000001")
                #expect(found.first { $0.code == "C000001" }?.name == "Own\nlines")
                #expect(Set(results.compactMap(\.id)).isSubset(of: found.map(\.id)))
            }
        }
        #expect(said[0] == said[1])
        #expect(said[0][5].map(\.column) == ["status", "due_day"])
        #expect(counts.withLock { $0.reduce(0, +) } == 3)
        await world.close()
    }

    @Test func `a heading that cannot be used is refused before anything is stored`() async throws {
        let world = try await ListingWorld(customers: 0)
        var random = SeededRandom()
        for file in [
            "", "\n\n", "name,phone\n", "name,phone,address,name\n", "name,phone,address,secret\nx,1,a,s\n", "\"name\n",
        ] {
            await #expect(throws: ImportFault.self, "\(file)") {
                try await load(world, Array(file.utf8), into: world.one, random: &random)
            }
        }
        #expect(try await customers(world, world.one).isEmpty)
        await #expect(throws: PersistenceError.notFound) {
            var importer = CustomerImport(
                tenant: world.two,
                ids: world.ids,
                isDryRun: false,
                in: world.scope(world.one)
            )
            _ = try await importer.consume(Array("name,phone,address\nx,1,a\n".utf8))
            _ = try await importer.finish()
        }
        await world.close()
    }

    @Test func `an export has every row once, in both formats, for every resource`() async throws {
        let world = try await ListingWorld(customers: 130)
        try await check(.customers, world, 130)
        try await check(.services, world, 130)
        try await check(.plans, world, 5)
        try await check(.nases, world, 5)
        try await check(.sessions, world, 230)
        try await check(.usage, world, 300)
        try await check(.pools, world, 5)
        try await check(.leases, world, 100)
        try await check(.deadLetters, world, 60)
        await world.close()
    }

    private func check<Row>(_ source: ListSource<Row>, _ world: ListingWorld, _ count: Int) async throws {
        let csv = try await export(world, of: source, as: .csv, in: world.one)
        var parser = CSVParser()
        let records = try (parser.consume(csv) + parser.finish()).map { try $0.get().fields }
        #expect(records.count == count + 1 && records.first == source.columns.map(\.name), "\(source.name)")
        #expect(Set(records).count == count + 1)
        let lines = try await export(world, of: source, as: .ndjson, in: world.one).split(separator: 0x0a)
        #expect(lines.count == count && Set(lines).count == count)
        let both = try await export(world, of: source, as: .ndjson, in: world.operatorID).split(separator: 0x0a)
        #expect(both.count == 2 * count && Set(both).count == 2 * count, "\(source.name)")
        for line in lines {
            var reader = JSONReader(Array(line))
            #expect(throws: Never.self) { try reader.skipValue() }
        }
    }

    @Test func `an empty export has its heading, and a filtered one its filter`() async throws {
        let world = try await ListingWorld(customers: 30)
        let none = ListParameters(filters: ["code:eq:nothing"])
        let heading = try await export(
            world,
            of: .plans,
            as: .csv,
            ListParameters(filters: ["name:eq:nothing"]),
            in: world.one
        )
        #expect(String(decoding: heading, as: UTF8.self).hasPrefix("id,tenant_id,name,"))
        #expect(try await export(world, of: .customers, as: .ndjson, none, in: world.one).isEmpty)
        let some = try await export(
            world,
            of: .customers,
            as: .ndjson,
            ListParameters(filters: ["status:eq:active"]),
            in: world.one
        )
        #expect(some.count { $0 == 0x0a } == 10)
        await world.close()
    }

    @Test func `an export goes on while rows are added and removed`() async throws {
        let world = try await ListingWorld(customers: 100)
        let before = Set(try await customers(world, world.one).map(\.id.description))
        let query = try ListQuery(ListParameters(sort: "name"), of: .customers)
        var seen: [String] = []
        var chunks = 0
        for try await chunk in try ListExport(
            of: .customers,
            query,
            as: .csv,
            fields: ["id"],
            in: world.scope(world.one),
            chunkRows: 10
        ) {
            seen += String(decoding: chunk, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            chunks += 1
            _ = try await world.scope(world.one).transaction { transaction in
                try await CustomerWriter(transaction, ids: world.ids).create(tenant: world.one) {
                    ($0.name, $0.phone, $0.address) = ("Bob", "1", "a")
                }
            }
        }
        #expect(seen.first == "id" && chunks > 9)
        #expect(Set(seen).count == seen.count && before.isSubset(of: seen))
        await world.close()
    }
}
