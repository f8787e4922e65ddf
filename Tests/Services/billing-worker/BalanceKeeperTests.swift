import Balances
import Billing
import Domain
import Ledger
import Redis
import SharedTesting
import Testing

/// What the ledger decided comes to Redis by the stream: worker, outbox, relay, worker.
@Suite(.serialized) struct BalanceKeeperTests {
    @Test(.proves("WAL-08")) func `a posting's balance replaces the one that Redis has`() async throws {
        let world = try await MoneyWorld()
        let worker = try await world.worker()
        let relay = try await ChildProcess.start(
            BuiltPrograms.path("accounting-consumer"),
            [],
            log: world.folder.file("relay.log"),
            environment: [
                "DATABASE_URL=\(world.url)", "NATS_URL=\(world.nats.url)",
                "REDIS_URL=redis://127.0.0.1:\(world.redis.port)", "NEXORA_ADMIN_PORT=0", "NEXORA_OUTBOX_IDLE=5ms",
                "NEXORA_SHUTDOWN_DEADLINE=10s",
            ]
        )
        let cache = BalanceCache(
            RedisSession(try RedisURL("redis://127.0.0.1:\(world.redis.port)"), scripts: BalanceCache.scripts)
        )
        var batch: Int64 = 0
        for (number, amount) in ["10.0000", "2.5000", "0.0001"].enumerated() {
            let answer = try await world.settle(world.topUp("\(number)", amount))
            let told = try #require(answer.balances.first)
            try await eventually(within: .seconds(60)) {
                try await cache.balances(of: [told.account]).first??.balance == told.balance.tenThousandths
            }
            let kept = try #require(try await cache.balances(of: [told.account])[0])
            #expect(kept.batch > batch && kept.held == 0 && kept.currency == .euro)
            batch = kept.batch
        }
        #expect(try await relay.stop() == 0)
        #expect(try await worker.stop() == 0)
        try await world.close()
    }
}
