import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized, .proves("COM-07")) struct PayoutRequestStoreTests {
    private static let now = LedgerWorld.now

    private func request(_ world: CommissionWorld, _ units: Int64 = 10_000) throws -> PayoutRequest {
        PayoutRequest(
            tenantID: world.reseller,
            id: world.ledger.ids.next(),
            amount: try world.ledger.euro(units),
            note: "note",
            requestedBy: world.user,
            requestedAt: Self.now
        )
    }

    private func within<Success: Sendable>(
        _ world: CommissionWorld,
        _ tenant: TenantID,
        _ body: (PayoutRequests) async throws -> Success
    ) async throws -> Success {
        try await world.ledger.database.transaction(in: tenant) { try await body(PayoutRequests($0)) }
    }

    @Test func `a request goes its way and is read as it was written`() async throws {
        let world = try await CommissionWorld()
        var payout = try request(world)
        let (first, other): (PayoutRequest, UserID) = (payout, world.ledger.ids.next())
        try await within(world, world.reseller) { try await $0.insert(first) }
        #expect(try await within(world, world.reseller) { try await $0.find(first.id) } == first)
        #expect(try await within(world, world.ledger.two) { try await $0.find(first.id) } == nil)
        #expect(
            try await within(world, world.ledger.one) { try await $0.open(of: first.tenantID) } == [.euro: first.amount]
        )
        try payout.approve(by: other, at: Self.now, through: "bank", as: world.ledger.ids.next())
        for step in 0..<3 {
            if step == 1 { try payout.reopen() }
            if step == 2 {
                try payout.approve(by: other, at: Self.now, through: "till", as: world.ledger.ids.next())
                let approved = payout
                try await within(world, world.ledger.one) { try await $0.update(approved) }
                try payout.settle(as: world.ledger.ids.next(), at: Self.now)
            }
            let changed = payout
            try await within(world, world.ledger.one) { try await $0.update(changed) }
            #expect(try await within(world, world.reseller) { try await $0.find(changed.id) } == changed)
        }
        #expect(try await within(world, world.ledger.one) { try await $0.open(of: first.tenantID) }.isEmpty)
        let listed = try await within(world, world.ledger.operatorID) {
            try await $0.list(of: nil, status: .paid, after: nil, limit: 9)
        }
        #expect(listed == [payout])
        await world.ledger.close()
    }

    @Test func `the database itself keeps the order, four eyes and who stands above`() async throws {
        let world = try await CommissionWorld()
        let (first, other): (PayoutRequest, UserID) = (try request(world), world.ledger.ids.next())
        try await within(world, world.reseller) { try await $0.insert(first) }
        // From the tenant itself it is only taken back.
        var approved = first
        try approved.approve(by: other, at: Self.now, through: "bank", as: world.ledger.ids.next())
        let agreed = approved
        await #expect(throws: PersistenceError.notFound) {
            try await within(world, world.reseller) { try await $0.update(agreed) }
        }
        await #expect(throws: PersistenceError.notFound) {
            try await within(world, world.ledger.two) { try await $0.update(agreed) }
        }
        for (assignments, constraint) in [
            (
                "status = 'paid', paid_at = now(), decided_by = uuid_v7(), decided_at = now(), transfer_id = uuid_v7(), gateway = 'x'",
                "payout_requests_order"
            ),
            (
                "status = 'rejected', reason = 'x', decided_by = requested_by, decided_at = now()",
                "payout_requests_four_eyes"
            ),
            ("attempt = -1", "payout_requests_order"),
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await world.ledger.superuser.query("UPDATE payout_requests SET \(assignments)")
            }
            #expect(error?.sqlState == "23514" && error?.constraint == constraint, "\(assignments)")
        }
        var cancelled = first
        try cancelled.cancel(by: world.user, at: Self.now)
        let taken = cancelled
        try await within(world, world.reseller) { try await $0.update(taken) }
        await #expect(throws: PersistenceError.refused(constraint: "payout_requests_order")) {
            try await within(world, world.ledger.one) { try await $0.update(agreed) }
        }
        for statement in ["DELETE FROM payout_requests", "UPDATE payout_requests SET amount = 1"] {
            let error = await #expect(throws: PostgresError.self) {
                try await world.ledger.database.transaction(in: world.ledger.one) { _ = try await $0.query(statement) }
            }
            #expect(error?.sqlState == "42501", "\(statement)")
        }
        await world.ledger.close()
    }
}
