import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct CommissionStatementTests {
    /// 2026-09-21 and a month before.
    private static let (now, before) = (LedgerWorld.now, LedgerWorld.now - .seconds(31 * 86_400))

    @Test(.proves("COM-02", "COM-03", "COM-06", "COM-08"))
    func `a payment of 100 gives 60, 20 and 20 in one transfer, and its reversal takes them back`() async throws {
        let world = try await CommissionWorld()
        let (operatorID, one, reseller) = (world.ledger.operatorID, world.ledger.one, world.reseller)
        try await world.set("80", of: one)
        try await world.set("60", of: reseller)
        let customer: CustomerID = world.ledger.ids.next()
        let (charge, _) = try await world.charge("bill:1", customer, in: reseller, 1_000_000, at: Self.now)
        let topUp = try await world.topUp("top", customer, in: reseller, 1_000_000)
        try await world.post(at: Self.now, [topUp, charge])
        for (tenant, share) in [(reseller, "60.0000"), (one, "20.0000"), (operatorID, "20.0000")] {
            let lines = try await world.lines(tenant)
            let line = try #require(lines.first, "\(tenant)")
            #expect(lines.count == 1 && line.amount.decimal == share && line.paid.decimal == "100.0000")
            #expect(line.payerID == customer && line.payerTenantID == reseller && line.transferID == charge.id)
            #expect(line.purpose == .subscription && line.reference == "bill:1")
        }
        try await world.post(
            at: Self.now,
            [
                try world.ledger.command(
                    "undo",
                    .reverse(charge.id),
                    tenant: reseller,
                    details: TransferDetails(.correction)
                )
            ]
        )
        for (tenant, share) in [(reseller, "-60.0000"), (one, "-20.0000"), (operatorID, "-20.0000")] {
            let lines = try await world.lines(tenant)
            #expect(lines.count == 2 && lines.first?.amount.decimal == share)
            #expect(lines.first?.paid.decimal == "-100.0000" && lines.first?.reference == "bill:1")
            let totals = try await world.ledger.database.transaction(in: tenant) {
                try await CommissionStatements($0).totals(of: tenant, since: Self.before, until: Self.now + .seconds(9))
            }
            #expect(totals.count == 1 && totals.first?.payments == 1)
            #expect(try totals.first?.net.tenThousandths == 0)
        }
        #expect(try await world.ledger.verify().discrepancy == nil)
        await world.ledger.close()
    }

    /// What was drawn, and what each tenant should have of it.
    private struct Expected {
        var lines: [TenantID: [Int64]] = [:]
        var totals: [String: Int64] = [:]
    }

    @Test(.proves("COM-04", "COM-07", "COM-08"))
    func `statements and totals are what was paid, whoever paid it when`() async throws {
        var random = SeededRandom()
        let world = try await CommissionWorld()
        let (operatorID, one, two, reseller) =
            (world.ledger.operatorID, world.ledger.one, world.ledger.two, world.reseller)
        try await world.set("66.6667", of: one, from: Self.before, now: Self.before)
        try await world.set("33.3333", of: reseller, from: Self.before, now: Self.before)
        try await world.set("12.5", of: two)
        let homes = [reseller, one, two, operatorID]
        let customers = homes.map { _ in world.ledger.ids.next() as CustomerID }
        var expected = Expected()
        for (round, time) in [Self.before, Self.now].enumerated() {
            var commands: [TransferCommand] = []
            for (home, customer) in zip(homes, customers) {
                commands.append(try await world.topUp("top:\(round):\(home)", customer, in: home, 1_000_000_000))
            }
            for number in 0..<60 {
                let place = Int.random(in: 0..<homes.count, using: &random)
                let units = Int64.random(in: 1...2_000_000, using: &random)
                let purpose: TransferPurpose =
                    [.invoice, .usage, .subscription].randomElement(using: &random) ?? .usage
                let (command, split) = try await world.charge(
                    "bill:\(round):\(number)",
                    customers[place],
                    in: homes[place],
                    units,
                    at: time,
                    purpose: purpose
                )
                commands.append(command)
                note(split, homes[place], time, world, &expected)
            }
            try await world.post(at: time, commands)
        }
        for tenant in homes {
            let lines = try await world.lines(tenant)
            #expect(lines.map(\.amount.tenThousandths) == expected.lines[tenant, default: []].reversed())
            try await expectPages(world, tenant, lines)
            let totals = try await world.ledger.database.transaction(in: tenant) {
                try await CommissionStatements($0).totals(of: tenant, since: Self.before, until: Self.now + .seconds(9))
            }
            for total in totals {
                #expect(expected.totals["\(tenant) \(total.month) \(total.childID)"] == total.earned.tenThousandths)
                #expect(total.takenBack.tenThousandths == 0 && total.childName != nil)
            }
            #expect(totals.reduce(0) { $0 + $1.payments } == Int64(lines.count))
            let accounts = try await world.ledger.database.transaction(in: tenant) {
                try await CommissionStatements($0).accounts(of: tenant)
            }
            #expect(accounts.first?.balance == lines.reduce(0) { $0 + $1.amount.tenThousandths })
        }
        await world.ledger.close()
    }

    private func note(
        _ split: CommissionSplit,
        _ home: TenantID,
        _ time: Timestamp,
        _ world: CommissionWorld,
        _ expected: inout Expected
    ) {
        for share in split.shares where share.amount.isPositive {
            let (tenant, units) = (share.tenantID, share.amount.tenThousandths)
            expected.lines[tenant, default: []].append(units)
            let child =
                switch (tenant, home) {
                case (world.ledger.operatorID, world.reseller): world.ledger.one
                default: home
                }
            let (year, month, _) = time.day.components
            let first = CivilDate(year: year, month: month, day: 1) ?? time.day
            expected.totals["\(tenant) \(first) \(child)", default: 0] += units
        }
    }

    /// Pages by cursor hold every line once.
    private func expectPages(_ world: CommissionWorld, _ tenant: TenantID, _ lines: [CommissionLine]) async throws {
        var (seen, before): ([CommissionLine], Int64?) = ([], nil)
        while true {
            let page = try await world.lines(tenant, limit: 7, before: before)
            seen += page
            guard let last = page.last else { break }
            before = last.sequence
        }
        #expect(seen == lines)
    }
}
