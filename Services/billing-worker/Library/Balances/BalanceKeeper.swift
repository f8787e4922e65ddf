import Balances
import Events
import Lifecycle
import Messaging
import Observability

/// Keeps the wallets' balances in Redis as each batch of the ledger left them (WAL-08).
struct BalanceKeeper: Lifecycle.Service {
    let consumer: EventConsumer
    let cache: BalanceCache
    let kept: CounterCell

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run(LedgerAdvanced.self) { events in
                for event in events { kept.add(try await cache.keep(event.payload)) }
            }
        } onShutdown: { [consumer] in
            consumer.stop()
        }
        await consumer.close()
    }
}
