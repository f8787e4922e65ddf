import Domain
import Events
import Ledger
import Lifecycle
import Messaging
import Observability
import Persistence

/// Hears of every batch of the ledger, and has the bills asked for that a wallet now holds enough for: who pays is online again within
/// moments (INV-20), not at somebody's next round.
struct PaymentWatch: Lifecycle.Service {
    let consumer: EventConsumer
    let keeping: any SubscriptionKeeping
    let time: TimeSource
    /// Subscriptions whose bills are asked for because of money that came.
    let funded: CounterCell

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
        var accounts: Set<AccountRef> = []
        for account in batches.flatMap(\.accounts) where account.balance > 0 {
            accounts.insert(AccountRef(tenantID: account.tenantID, id: LedgerAccountID(account.accountID)))
        }
        guard !accounts.isEmpty else { return }
        funded.add(try await keeping.fund(Array(accounts), at: time.now()))
    }

    static func failure(_ error: any Error) -> HandlingFailure {
        (error as? StorageFault)?.blamesData == true ? .message : .outage
    }
}
