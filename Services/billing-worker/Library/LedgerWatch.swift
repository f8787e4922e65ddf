import Balances
import Domain
import Events
import Ledger
import Lifecycle
import Messaging
import Observability
import Persistence

/// Hears of every batch of the ledger, and has something done about the accounts that it moved. Beside the lanes and never before them:
/// what moves money does not wait for it, and what it missed while it was away comes with the stream.
struct LedgerWatch: Lifecycle.Service {
    /// What is done about batches that came together. What it throws has them come again.
    typealias Work = @Sendable ([LedgerAdvanced]) async throws -> Void

    let consumer: EventConsumer
    let work: Work

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run(LedgerAdvanced.self) { events in
                try await work(events.map(\.payload))
            }
        } onShutdown: { [consumer] in
            consumer.stop()
        }
        await consumer.close()
    }
}

extension LedgerWatch {
    /// Keeps the wallets' balances in Redis as each batch left them (WAL-08).
    static func keeping(_ cache: BalanceCache, kept: CounterCell) -> Work {
        { batches in
            for batch in batches { kept.add(try await cache.keep(batch)) }
        }
    }

    /// Has it told which wallets are low now (`wallet.low`); `told` counts them.
    static func telling(_ lows: WalletLows, at time: TimeSource, told: CounterCell) -> Work {
        { batches in
            told.add(try await lows.look(at: batches.accounts(), now: time.now()))
        }
    }

    /// Has the bills asked for that a wallet now holds enough for: who pays is online again within moments (INV-20), not at somebody's
    /// next round. `funded` counts the subscriptions.
    static func funding(_ keeping: any SubscriptionKeeping, at time: TimeSource, funded: CounterCell) -> Work {
        { batches in
            let accounts = batches.accounts { $0.balance > 0 }
            guard !accounts.isEmpty else { return }
            funded.add(try await keeping.fund(accounts, at: time.now()))
        }
    }

    /// What a failure of such work is to blame on.
    static func failure(_ error: any Error) -> HandlingFailure {
        (error as? StorageFault)?.blamesData == true ? .message : .outage
    }
}

extension [LedgerAdvanced] {
    /// The accounts that they moved, each once. What is in the events does not decide: they say which wallets to look at.
    func accounts(where isWanted: (LedgerAdvanced.Account) -> Bool = { _ in true }) -> [AccountRef] {
        let refs = flatMap(\.accounts).filter(isWanted).map {
            AccountRef(tenantID: $0.tenantID, id: LedgerAccountID($0.accountID))
        }
        return Array<AccountRef>(Set(refs))
    }
}
