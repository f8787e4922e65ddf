import Domain
import Events
import Ledger
import Lifecycle
import Messaging
import Observability
import Persistence

/// Hears of every batch of the ledger, and has it told which wallets are low now (`wallet.low`). Beside the lanes and never before
/// them: what moves money does not wait for it, and what it missed while it was away comes with the stream.
struct LowBalanceWatch: Lifecycle.Service {
    let consumer: EventConsumer
    let lows: WalletLows
    let time: TimeSource
    /// Wallets of which it was told.
    let told: CounterCell

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run(LedgerAdvanced.self) { events in
                try await hear(events.map(\.payload))
            }
        } onShutdown: { [consumer] in
            consumer.stop()
        }
        await consumer.close()
    }

    /// What is in the events does not decide: they say which wallets to look at.
    func hear(_ batches: [LedgerAdvanced]) async throws(StorageFault) {
        let accounts = Set(
            batches.flatMap(\.accounts).map {
                AccountRef(tenantID: $0.tenantID, id: LedgerAccountID($0.accountID))
            }
        )
        told.add(try await lows.look(at: Array(accounts), now: time.now()))
    }
}
