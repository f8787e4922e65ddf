import Domain
import Ledger
import Persistence

/// Where subscriptions are kept, as the engine sees it.
protocol SubscriptionKeeping: Sendable {
    /// Steps up to `limit` that are due.
    func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> SubscriptionRound
    /// Stores what became of charges.
    func settle(_ outcomes: [BillOutcome], at now: Timestamp) async throws(StorageFault) -> SubscriptionRound
    /// Has bills asked for again that those wallets now hold enough for.
    func fund(_ accounts: [AccountRef], at now: Timestamp) async throws(StorageFault) -> Int
}

extension SubscriptionWork: SubscriptionKeeping {}
