import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Which wallets have a series of their own, with the ledger's own writer before it and as the worker's role.
@Suite(.proves("OBS-07")) struct LowestWalletTests {
    private func settings(_ json: String, of tenant: TenantID, in world: LedgerWorld) async throws {
        try await world.superuser.query("UPDATE tenants SET settings = '\(json)' WHERE id = '\(tenant)'")
    }

    /// Looks as the worker does after a batch, and returns the wallets' numbers in the world, the lowest first.
    private func lowest(_ world: LedgerWorld, limit: Int = 9) async throws -> [Int] {
        _ = try await WalletLows(world.billing, ids: world.ids).look(
            at: world.wallets.map(\.ref),
            now: LedgerWorld.now
        )
        var numbers: [Int] = []
        for found in try await LowestWallets(world.billing).read(limit: limit) {
            let number = try #require(
                world.wallets.firstIndex {
                    $0.owner == .customer(found.customerID) && $0.ref.tenantID == found.tenantID
                }
            )
            #expect(try await world.balance(world.wallets[number]) == found.balance)
            numbers.append(number)
        }
        return numbers
    }

    @Test func `the lowest are those with the smallest part of what their tenant calls low`() async throws {
        let world = try await LedgerWorld()
        try await world.commit(
            world.topUp("a", 60_000),
            world.topUp("b", 40_000, wallet: 1),
            world.topUp("c", 50_000, wallet: 2)
        )
        #expect(try await lowest(world) == [], "nobody asked for it")
        try await settings("{\"low_balance\": 100000}", of: world.one, in: world)
        try await settings("{\"low_balance\": 1000000}", of: world.two, in: world)
        // 5 % of what is asked for, 40 %, 60 %.
        #expect(try await lowest(world) == [2, 1, 0])
        #expect(try await lowest(world, limit: 2) == [2, 1])
        #expect(try await lowest(world, limit: 0) == [])
        // What is held is not there: 1 % of the first is left.
        try await world.commit(
            try world.command("d", .hold(account: world.wallets[0].ref, amount: world.euro(59_000), expiresAt: nil))
        )
        #expect(try await lowest(world) == [0, 2, 1])
        // Who has enough again is not among them.
        try await world.commit(try world.topUp("e", 60_000, wallet: 1))
        #expect(try await lowest(world) == [0, 2])
        await world.close()
    }

    @Test func `the setting counts as it is now, and other currencies not at all`() async throws {
        let world = try await LedgerWorld()
        try await settings("{\"low_balance\": 100000}", of: world.one, in: world)
        try await world.commit(try world.topUp("a", 50_000))
        #expect(try await lowest(world) == [1, 0])
        // Nobody looked again: what was told of is still remembered.
        let read = { try await LowestWallets(world.billing).read(limit: 9).map(\.balance) }
        try await settings("{\"low_balance\": 40000}", of: world.one, in: world)
        #expect(try await read() == [0])
        try await settings("{\"low_balance\": 100000, \"currency\": \"XOF\"}", of: world.one, in: world)
        #expect(try await read() == [])
        try await settings("{}", of: world.one, in: world)
        #expect(try await read() == [])
        await world.close()
    }
}
