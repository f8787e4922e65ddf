import Domain
import SharedTesting
import Testing

@Suite(.proves("IPAM-05", "IPAM-09")) struct AllocationLedgerTests {
    private static let pool = PoolID(UUID128(high: 4, low: 1))

    private func entry(_ kind: AllocationEntry.Kind, _ at: Int64, service: UInt64, offset: UInt64 = 7)
        -> AllocationEntry
    {
        AllocationEntry(
            kind,
            at: Timestamp(microseconds: 1_790_000_000_000_000 + at),
            service: ServiceID(UUID128(high: 1, low: service)),
            admission: AdmissionID(UUID128(high: 3, low: UInt64(at))),
            pool: Self.pool,
            offset: offset
        )
    }

    private func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

    /// What a table that the outcome is written to holds then.
    private struct Table: Equatable {
        var rows: [UUID128: Allocation] = [:]

        mutating func take(_ entries: [AllocationEntry], sticky: Int = 60) {
            let outcome = AllocationLedger.fold(
                entries,
                open: rows.values.filter { $0.status != .released }.sorted { $0.id < $1.id },
                known: Set(entries.filter { $0.kind == .leased }.map { Allocation.id(of: $0) }).intersection(rows.keys),
                sticky: { _ in sticky }
            )
            for row in outcome.changed {
                #expect(rows[row.id] != nil)
                rows[row.id] = row
            }
            for row in outcome.opened {
                #expect(rows[row.id] == nil)
                rows[row.id] = row
            }
            let open = Dictionary(grouping: rows.values.filter { $0.status != .released }, by: \.offset)
            #expect(open.allSatisfy { $0.value.count == 1 })
            #expect(rows.values.allSatisfy { ($0.status == .allocated) == ($0.releasedAt == nil) })
        }

        var history: [String] {
            rows.values.sorted { $0.allocatedAt < $1.allocatedAt }.map {
                "\($0.service.value.low):\($0.allocatedAt.microseconds % 1_000)-"
                    + "\($0.releasedAt.map { "\($0.microseconds % 1_000)" } ?? "") \($0.status)"
            }
        }
    }

    @Test func `a unit is had, kept for its owner, and had by the next`() {
        var table = Table()
        table.take([entry(.leased, 1, service: 1)])
        table.take([entry(.freed, 2, service: 1)])
        #expect(table.history == ["1:1-2 reserved"])
        table.take([entry(.leased, 3, service: 1), entry(.freed, 4, service: 1), entry(.leased, 5, service: 2)])
        #expect(table.history == ["1:1-2 released", "1:3-4 released", "2:5- allocated"])
        // Somebody else's or an older word changes nothing.
        table.take([entry(.freed, 6, service: 1), entry(.leased, 4, service: 9), entry(.freed, 5, service: 2)])
        #expect(table.history.last == "2:5- allocated")
        // Told again by a server that replays its grants.
        table.take([entry(.leased, 7, service: 2)])
        #expect(table.history.count == 3)
    }

    @Test func `a dynamic unit is free at once`() {
        var table = Table()
        table.take([entry(.leased, 1, service: 1), entry(.freed, 2, service: 1)], sticky: 0)
        #expect(table.history == ["1:1-2 released"])
    }

    @Test func `repeats of any part of the log change nothing, wherever the batches are cut`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            var log: [AllocationEntry] = []
            var owner: [UInt64: UInt64] = [:]
            for at in 1...Int64(60) {
                let offset = UInt64.random(in: 0..<3, using: &random)
                if let had = owner[offset] {
                    log.append(entry(.freed, at, service: had, offset: offset))
                    owner[offset] = nil
                } else {
                    owner[offset] = UInt64.random(in: 1...3, using: &random)
                    log.append(entry(.leased, at, service: owner[offset] ?? 0, offset: offset))
                }
            }
            var whole = Table()
            whole.take(log)
            var cut = Table()
            var done = 0
            while done < log.count {
                let end = min(log.count, done + Int.random(in: 1...20, using: &random))
                cut.take(Array(log[done..<end]))
                // Killed before the log was trimmed: the batch comes again, cut elsewhere.
                if Bool.random(using: &random) { done = end } else { done = Int.random(in: done...end, using: &random) }
            }
            #expect(cut == whole)
        }
    }

    @Test(.proves("IPAM-03", "IPAM-10"), arguments: ["10.0.0.0/24", "10.0.0.0/30", "10.0.0.8/32", "10.0.0.0/31"])
    func `usable units are counted as they are handed out`(range: String) throws {
        var random = SeededRandom()
        for _ in 0..<50 {
            let prefix = try #require(IPPrefix(range))
            let exclusions = (0..<Int.random(in: 0...5, using: &random)).compactMap { _ in
                IPAddress(ipv4: 0x0a00_0000 + UInt32.random(in: 0..<300, using: &random)).network(
                    Int.random(in: 26...32, using: &random)
                )
            }
            let pool = try #require(
                AddressPool(id: Self.pool, use: .ipv4, range: prefix, unitLength: 32, exclusions: exclusions)
            )
            #expect(pool.usableCount == UInt64((0..<pool.capacity).filter { pool.isUsable($0) }.count), "\(exclusions)")
        }
        let (wide, narrow) = (try prefix("2001:db8:1::/48"), try prefix("2001:db8:2:100::/64"))
        let whole = try prefix("2001:db8::/40")
        let delegated = try #require(
            AddressPool(id: Self.pool, use: .delegated, range: whole, unitLength: 56, exclusions: [wide, narrow])
        )
        #expect(delegated.usableCount == 65_536 - 256 - 1)
    }

    @Test(.proves("IPAM-01", "IPAM-18")) func `a pool that makes no sense is refused`() throws {
        var pool = IPPool(
            tenantID: TenantID(.zero),
            id: Self.pool,
            name: "homes",
            range: try prefix("10.0.0.0/24"),
            use: .ipv4
        )
        try pool.validate()
        #expect(pool.pool?.usableCount == 253)
        pool.use = .delegated
        #expect(throws: ValidationError.self) { try pool.validate() }
        pool.use = .ipv4
        pool.unitLength = 30
        #expect(throws: ValidationError.self) { try pool.validate() }
        pool.unitLength = 32
        pool.exclusions = [try prefix("10.1.0.0/24")]
        #expect(throws: ValidationError.self) { try pool.validate() }
        pool.exclusions = []
        pool.gateway = IPAddress("2001:db8::1")
        #expect(throws: ValidationError.self) { try pool.validate() }
        let home = IPPool(
            tenantID: TenantID(.zero),
            id: Self.pool,
            name: "homes6",
            range: try prefix("2001:db8::/56"),
            use: .delegated
        )
        #expect(home.unitLength == 56 && home.pool?.capacity == 1)
    }
}
