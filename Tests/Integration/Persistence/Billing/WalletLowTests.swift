import Domain
import Events
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// What is told of wallets that run low, with the ledger's own writer before it and as the worker's role.
@Suite(.proves("WAL-09", "TEN-08")) struct WalletLowTests {
    private func told(_ world: LedgerWorld) async throws -> [WalletLow] {
        try await world.superuser.query("SELECT data FROM outbox WHERE subject = 'wallet.low' ORDER BY id").map { row in
            var reader = JSONReader(Array((row["data"].text ?? "").utf8))
            return try WalletLow(from: &reader)
        }
    }

    private func threshold(_ tenThousandths: Int64?, of tenant: TenantID, in world: LedgerWorld) async throws {
        let settings = tenThousandths.map { "{\"currency\": \"EUR\", \"low_balance\": \($0)}" } ?? "{}"
        try await world.superuser.query("UPDATE tenants SET settings = '\(settings)' WHERE id = '\(tenant)'")
    }

    private func look(_ world: LedgerWorld) async throws -> Int {
        // The till and what was sold as well: a batch names them all.
        let accounts = ([world.till, world.revenue] + world.wallets).map(\.ref)
        return try await WalletLows(world.billing, ids: world.ids).look(at: accounts, now: LedgerWorld.now)
    }

    @Test func `a wallet is told of once when it falls below, and again only after there was enough`() async throws {
        let world = try await LedgerWorld()
        try await world.commit(world.topUp("a", 100_000), world.topUp("b", 100_000, wallet: 2))
        #expect(try await look(world) == 0, "nobody asked for it")
        try await threshold(50_000, of: world.one, in: world)
        // The second wallet has never had anything, and is its owner's all the same.
        #expect(try await look(world) == 1)
        try await world.commit(world.spend("c", 50_000))
        #expect(try await look(world) == 0, "what is asked for is there")
        try await world.commit(world.spend("d", 1))
        for _ in 0..<3 { _ = try await look(world) }
        let events = try await told(world)
        #expect(events.count == 2)
        let wallet = world.wallets[0]
        // Ids of one millisecond of the world's clock are in no order.
        let event = try #require(events.first { $0.walletID == wallet.ref.id.value })
        #expect(try event.balance == world.euro(49_999))
        #expect(try event.threshold == world.euro(50_000) && event.held == world.euro(0))
        try await world.commit(world.topUp("e", 1))
        #expect(try await look(world) == 0)
        try await world.commit(world.spend("f", 20_000))
        #expect(try await look(world) == 1)
        // The other tenant asked for nothing.
        #expect(try await told(world).allSatisfy { $0.walletID != world.wallets[2].ref.id.value })
        await world.close()
    }

    @Test func `what is held is not there to be spent`() async throws {
        let world = try await LedgerWorld()
        try await threshold(50_000, of: world.two, in: world)
        let wallet = world.wallets[2]
        try await world.commit(world.topUp("a", 100_000, wallet: 2))
        #expect(try await look(world) == 0)
        let hold = try world.command(
            "b",
            .hold(account: wallet.ref, amount: world.euro(60_000), expiresAt: nil),
            tenant: world.two
        )
        try await world.commit(hold)
        #expect(try await look(world) == 1)
        let event = try #require(try await told(world).first)
        #expect(try event.balance == world.euro(100_000) && event.held == world.euro(60_000))
        await world.close()
    }

    @Test func `who stops asking forgets, and another currency is not compared`() async throws {
        let world = try await LedgerWorld()
        try await threshold(50_000, of: world.one, in: world)
        #expect(try await look(world) == 2)
        try await threshold(nil, of: world.one, in: world)
        #expect(try await look(world) == 0)
        try await threshold(50_000, of: world.one, in: world)
        #expect(try await look(world) == 2)
        try await world.superuser.query(
            "UPDATE tenants SET settings = settings || '{\"currency\": \"XOF\"}' WHERE id = '\(world.one)'"
        )
        #expect(try await look(world) == 0)
        #expect(try await world.superuser.query("SELECT FROM wallet_lows").isEmpty)
        await world.close()
    }

    @Test func `many who look at one wallet at once tell of it once`() async throws {
        let world = try await LedgerWorld()
        try await threshold(50_000, of: world.one, in: world)
        let url = world.url
        let accounts = world.wallets.map(\.ref)
        let found = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let session = PostgresSession(PostgresConfiguration(url: url, role: "nexora_billing"))
                    let ids = IDGenerator(time: .fixed(LedgerWorld.now))
                    let count = try await WalletLows(session, ids: ids).look(at: accounts, now: LedgerWorld.now)
                    await session.close()
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(found == 2)
        #expect(try await told(world).count == 2)
        await world.close()
    }

    @Test func `a setting of another shape is refused`() async throws {
        let world = try await LedgerWorld()
        for value in ["\"5\"", "0", "-1", "5.5", "1234567890123456789", "true", "null"] {
            await #expect(throws: PostgresError.self, "\(value)") {
                try await world.superuser.query("UPDATE tenants SET settings = '{\"low_balance\": \(value)}'")
            }
        }
        await world.close()
    }
}
