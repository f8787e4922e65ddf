import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct CommissionRateTests {
    private static let now = LedgerWorld.now

    private func rates(_ chain: CommissionChain?) -> [String]? { chain?.links.map(\.rate.percent) }

    @Test(.proves("COM-01", "COM-05"))
    func `one query tells the chains of many tenants, as they were at any moment`() async throws {
        let world = try await CommissionWorld()
        let (operatorID, one, two, reseller) =
            (world.ledger.operatorID, world.ledger.one, world.ledger.two, world.reseller)
        let all = [reseller, one, two, operatorID, world.ledger.ids.next(), reseller]
        let before = try await world.book.chains(of: all, at: Self.now)
        #expect(Set(before.keys) == [reseller, one, two, operatorID])
        #expect(before.values.allSatisfy { $0.links.isEmpty && $0.operatorID == operatorID })
        #expect(before[reseller]?.payerTenantID == reseller && before[operatorID]?.payerTenantID == operatorID)
        #expect(try await world.book.chains(of: [], at: Self.now).isEmpty)

        try await world.set("80", of: one)
        try await world.set("60", of: reseller)
        try await world.set("90", of: two)
        let set = try await world.book.chains(of: all, at: Self.now)
        #expect(rates(set[reseller]) == ["60", "80"] && rates(set[one]) == ["80"] && rates(set[two]) == ["90"])
        #expect(rates(set[operatorID]) == [])
        #expect(rates(try await world.book.chains(of: [reseller], at: Self.now - .seconds(1))[reseller]) == [])

        // From a day on none of its own; from another one again. At the first moment the new one holds already.
        try await world.set(nil, of: reseller, from: Self.now + .seconds(86_400))
        try await world.set("70", of: reseller, from: Self.now + .seconds(2 * 86_400))
        // What was meant for later is corrected by what is set last for the same moment.
        try await world.set("75", of: reseller, from: Self.now + .seconds(2 * 86_400))
        for (seconds, expected) in [
            (0, ["60", "80"]), (86_399, ["60", "80"]), (86_400, ["80"]), (2 * 86_400 - 1, ["80"]),
            (2 * 86_400, ["75", "80"]),
        ] {
            let chain = try await world.book.chains(of: [reseller], at: Self.now + .seconds(seconds))[reseller]
            #expect(rates(chain) == expected, "\(seconds)")
        }
        // The one above gets less than the one below had: both have that.
        try await world.set("50", of: one, from: Self.now + .seconds(3 * 86_400))
        let clamped = try await world.book.chains(of: [reseller], at: Self.now + .seconds(3 * 86_400))[reseller]
        #expect(rates(clamped) == ["50", "50"])
        await world.ledger.close()
    }

    @Test(.proves("COM-05")) func `nobody sets more than he has, for himself, beside him or in the past`() async throws
    {
        let world = try await CommissionWorld()
        let (operatorID, one, two, reseller) =
            (world.ledger.operatorID, world.ledger.one, world.ledger.two, world.reseller)
        await #expect(throws: CommissionRefusal.aboveLimit(.zero)) { try await world.set("1", of: reseller, by: one) }
        try await world.set("0", of: reseller, by: one)
        try await world.set("80", of: one)
        let most = try #require(CommissionRate(percent: "80"))
        for setter in [one, operatorID] {
            await #expect(throws: CommissionRefusal.aboveLimit(most)) {
                try await world.set("80.0001", of: reseller, by: setter)
            }
        }
        try await world.set("80", of: reseller, by: one)
        await #expect(throws: CommissionRefusal.inThePast) {
            try await world.set("1", of: reseller, by: one, from: Self.now - .microseconds(1))
        }
        await #expect(throws: TenancyError.notBelow) { try await world.set("1", of: one, by: one) }
        await #expect(throws: TenancyError.notBelow) { try await world.set("1", of: operatorID) }
        await #expect(throws: PersistenceError.notFound) { try await world.set("1", of: two, by: one) }
        await #expect(throws: PersistenceError.notFound) { try await world.set("1", of: one, by: reseller) }
        await #expect(throws: TenancyError.versionConflict(current: 2)) {
            try await world.ledger.database.transaction(in: one) {
                _ = try await CommissionRates($0).set(
                    nil,
                    of: reseller,
                    from: Self.now,
                    ifVersion: 1,
                    setter: one,
                    by: world.user,
                    now: Self.now
                )
            }
        }
        let history = try await world.ledger.database.transaction(in: one) {
            try await CommissionRates($0).history(of: reseller, before: nil, limit: 10)
        }
        #expect(history.map(\.number) == [2, 1] && history.map { $0.rate?.percent } == ["80", "0"])
        #expect(history.allSatisfy { $0.setBy == world.user && $0.setAt == Self.now })
        // Not his to see, so nothing is told of how far one could go there.
        let foreign = try await world.ledger.database.transaction(in: two) {
            try await CommissionRates($0).limit(for: reseller, setBy: two, at: Self.now)
        }
        #expect(foreign == nil)
        await world.ledger.close()
    }

    @Test(.proves("TEN-03")) func `the database itself keeps the past, the ranks and the secrets of those above`()
        async throws
    {
        let world = try await CommissionWorld()
        let (one, reseller) = (world.ledger.one, world.reseller)
        try await world.set("80", of: one)
        try await world.set("60", of: reseller)
        for session in [world.ledger.superuser, world.ledger.database.session] {
            for statement in [
                "UPDATE commission_rates SET rate = 1", "TRUNCATE commission_rates",
            ] {
                let error = await #expect(throws: PostgresError.self) { try await session.query(statement) }
                #expect(error?.sqlState == "42501", "\(statement)")
            }
        }
        let past = await #expect(throws: PostgresError.self) {
            try await world.ledger.superuser.query(
                """
                INSERT INTO commission_rates (tenant_id, number, rate, valid_from, set_at, set_by)
                VALUES ('\(one)', 9, 1, '2020-01-01', '2020-01-02', uuid_v7())
                """
            )
        }
        #expect(past?.constraint == "commission_rates_ahead")
        for (scope, tenant) in [(one, one), (reseller, reseller), (reseller, one), (world.ledger.two, one)] {
            await #expect(throws: PersistenceError.notFound, "\(scope) \(tenant)") {
                try await world.ledger.database.transaction(in: scope) {
                    _ = try await $0.query(
                        """
                        INSERT INTO commission_rates (tenant_id, number, rate, valid_from, set_at, set_by)
                        VALUES ($1, 9, 1, now(), now(), uuid_v7())
                        """,
                        [.id(tenant)]
                    )
                }
            }
        }
        for statement in [
            "DELETE FROM commission_rates", "SELECT commission_chains(ARRAY['\(reseller)'::uuid], now())",
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await world.ledger.database.transaction(in: reseller) { _ = try await $0.query(statement) }
            }
            #expect(error?.sqlState == "42501", "\(statement)")
        }
        // The reseller sees his own rate and what is left for those above, but not who of them has what.
        let (seen, preview) = try await world.ledger.database.transaction(in: reseller) { transaction in
            let rates = CommissionRates(transaction)
            return (
                try await transaction.query("SELECT FROM commission_rates").count,
                try await rates.preview(try world.ledger.euro(10_000), paidIn: reseller, at: Self.now)
            )
        }
        #expect(seen == 1 && preview?.isWhole == false)
        #expect(preview?.split.shares.map(\.amount.tenThousandths) == [6_000, 4_000])
        await world.ledger.close()
    }
}
