import Billing
import Domain
import Ledger
import SharedTesting
import Testing

/// Workers, the database and NATS are killed under load: each command has one effect, and none is lost.
@Suite(.serialized) struct LaneFightTests {
    @Test(.proves("WAL-05", "WAL-06"))
    func `two workers fight for a lane while everything dies in turn`() async throws {
        let server = try await RealPostgres.start()
        let world = try await MoneyWorld(on: server)
        var first = try await world.worker("first")
        var second = try await world.worker("second")
        #expect(try await world.settle(world.topUp("start", "1000.0000")).isPosted)
        let expected = try await withThrowingTaskGroup(of: Int64.self) { group in
            for client in 0..<8 {
                group.addTask {
                    var moved: Int64 = 0
                    for number in 0..<60 {
                        let isTopUp = number % 3 == 0
                        let key = "\(client)/\(number)"
                        let answer = try await world.settle(
                            isTopUp ? try world.topUp(key, "3.0000") : try world.charge(key, "1.0000")
                        )
                        if answer.isPosted { moved += isTopUp ? 30_000 : -10_000 }
                    }
                    return moved
                }
            }
            for round in 0..<6 {
                let before = try? await world.number("SELECT count(*) FROM ledger_keys")
                switch round {
                case 0, 3:
                    try await first.kill()
                    first = try await world.worker("first")
                case 1, 4:
                    try await second.kill()
                    second = try await world.worker("second")
                case 2:
                    try await world.nats.kill()
                    try await world.nats.start()
                default:
                    try await server.kill()
                    try await server.start()
                }
                // It goes on before the next thing dies.
                try await eventually(within: .seconds(60)) {
                    guard let now = try? await world.number("SELECT count(*) FROM ledger_keys") else { return false }
                    return now > (before ?? 0) || now == 481
                }
            }
            return try await group.reduce(10_000_000, +)
        }
        #expect(try await world.balance() == expected)
        #expect(try await world.number("SELECT count(*) FROM ledger_keys") == 481)
        #expect(try await world.number("SELECT count(*) FROM ledger_transfers") == 481)
        try await world.verify()
        // Whoever is asked to end gives the lane back, so that nobody waits for a lease.
        #expect(try await first.stop() == 0)
        #expect(try await world.settle(world.topUp("last", "1.0000")).isPosted)
        #expect(try await second.stop() == 0)
        #expect(try await world.number("SELECT count(*) FROM ledger_lanes WHERE holder IS NOT NULL") == 0)
        try await world.close()
        try await server.stop()
    }
}
