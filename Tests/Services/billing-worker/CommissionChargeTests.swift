import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// The shares of a payment, in the batch that takes it.
@Suite(.serialized) struct CommissionChargeTests {
    @Test(.proves("COM-02", "COM-03", "COM-04", "COM-06", "COM-08"))
    func `a hundred euros give sixty to the reseller and twenty each to provider and operator`() async throws {
        let world = try await MoneyWorld()
        let reseller = Tenant(
            id: world.ids.next(),
            parentID: world.provider,
            kind: .reseller,
            name: "shop",
            subdomain: "shop"
        )
        try await world.database.transaction(in: world.provider, joining: [reseller.id]) {
            try await TenantRepository($0).insert(reseller)
        }
        let customer: CustomerID = world.ids.next()
        try await world.database.transaction(in: reseller.id) { transaction in
            _ = try await transaction.query(
                "INSERT INTO customers (tenant_id, id, code, name, phone, address) VALUES ($1, $2, 'R', 'A', '+33', 'B')",
                [.id(reseller.id), .id(customer)]
            )
        }
        let past = Timestamp(secondsSince1970: 1_700_000_000)
        for (tenant, percent) in [(world.provider, "80"), (reseller.id, "60")] {
            try await world.database.transaction(in: world.operatorID) {
                _ = try await CommissionRates($0).set(
                    CommissionRate(percent: percent),
                    of: tenant,
                    from: past,
                    ifVersion: nil,
                    setter: world.operatorID,
                    by: world.ids.next(),
                    now: past
                )
            }
        }
        let worker = try await world.worker()
        func command(_ key: String, _ action: MoneyCommand.Action, _ purpose: TransferPurpose) throws -> MoneyCommand {
            MoneyCommand(
                id: world.ids.next(),
                tenantID: reseller.id,
                lane: world.lane,
                key: try #require(IdempotencyKey(key)),
                action: action,
                details: TransferDetails(purpose)
            )
        }
        let owner = AccountOwner.customer(customer)
        let topUp = try command("a", .topUp(owner, amount: world.euro("200"), gateway: "cash"), .topUp)
        #expect(try await world.settle(topUp).isPosted)
        let charge = try command("b", .charge(owner, amount: world.euro("100"), shared: true), .subscription)
        #expect(try await world.settle(charge).isPosted)
        #expect(try await balances(world) == ["reseller": 600_000, "provider": 200_000, "revenue": 200_000])
        let refund = try command("c", .refund(charge.id, amount: world.euro("50")), .refund)
        #expect(try await world.settle(refund).isPosted)
        #expect(try await balances(world) == ["reseller": 300_000, "provider": 100_000, "revenue": 100_000])
        // Held money is shared when it is taken.
        let hold = try command("d", .hold(owner, amount: world.euro("10"), expiresAt: nil), .invoice)
        #expect(try await world.settle(hold).isPosted)
        let captured = try command("e", .capture(hold: hold.id, amount: world.euro("10"), shared: true), .invoice)
        #expect(try await world.settle(captured).isPosted)
        #expect(try await balances(world) == ["reseller": 360_000, "provider": 120_000, "revenue": 120_000])
        // What is not shared is the operator's.
        let whole = try command("f", .charge(owner, amount: world.euro("10"), shared: false), .invoice)
        #expect(try await world.settle(whole).isPosted)
        #expect(try await balances(world) == ["reseller": 360_000, "provider": 120_000, "revenue": 220_000])
        try await world.verify()
        #expect(try await worker.stop() == 0)
        try await world.close()
    }

    private func balances(_ world: MoneyWorld) async throws -> [String: Int64] {
        let rows = try await world.billing.query(
            """
            SELECT CASE WHEN a.kind = 'revenue' THEN 'revenue' ELSE t.kind END AS name, a.balance FROM ledger_accounts a
            JOIN tenants t ON t.id = a.tenant_id WHERE a.owner_kind = 'tenant' AND a.kind IN ('wallet', 'revenue')
            """
        )
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try #require($0["name"].text), try #require($0["balance"].int64)) }
        )
    }
}
