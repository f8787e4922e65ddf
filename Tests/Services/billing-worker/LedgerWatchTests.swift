import Billing
import Domain
import Events
import Ledger
import Messaging
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import BillingWorker

/// What is done about batches of the ledger.
@Suite(.proves("INV-20")) struct LedgerWatchTests {
    /// Remembers which wallets it was to look at.
    private final class Books: SubscriptionKeeping {
        let looked = Mutex<[[AccountRef]]>([])

        func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> SubscriptionRound {
            throw .broken("nothing is stepped here")
        }

        func settle(_ outcomes: [BillOutcome], at now: Timestamp) async throws(StorageFault) -> SubscriptionRound {
            throw .broken("nothing is settled here")
        }

        func fund(_ accounts: [AccountRef], at now: Timestamp) async throws(StorageFault) -> Int {
            looked.withLock { $0.append(accounts) }
            return accounts.count
        }
    }

    private let now = Timestamp(secondsSince1970: 1_790_000_000)
    private let tenant = TenantID(UUID128(high: 1, low: 1))

    private func batch(_ number: Int64, _ balances: [(account: UInt64, balance: Int64)]) -> LedgerAdvanced {
        LedgerAdvanced(
            currency: .euro,
            batch: number,
            recordedAt: now,
            digest: "",
            transfers: 1,
            refusals: 0,
            accounts: balances.map {
                LedgerAdvanced.Account(
                    tenantID: tenant,
                    accountID: UUID128(high: 2, low: $0.account),
                    balance: $0.balance,
                    held: 0,
                    sequence: number
                )
            }
        )
    }

    private func account(_ number: UInt64) -> AccountRef {
        AccountRef(tenantID: tenant, id: LedgerAccountID(UUID128(high: 2, low: number)))
    }

    @Test func `each account that batches moved is looked at once`() {
        let batches = [batch(1, [(1, 5), (2, -5)]), batch(2, [(1, 0), (3, 7)])]
        #expect(Set(batches.accounts()) == [account(1), account(2), account(3)] && batches.accounts().count == 3)
        #expect(batches.accounts { $0.balance < 0 } == [account(2)])
        #expect([LedgerAdvanced]().accounts().isEmpty)
    }

    @Test func `bills are asked for where a wallet holds something, and nobody is asked where none does`() async throws
    {
        let books = Books()
        let funded = MetricsRegistry().counter("funded_total", "Those of this test.").with()
        let work = LedgerWatch.funding(books, at: .fixed(now), funded: funded)
        try await work([batch(1, [(1, 0), (2, -5)])])
        #expect(books.looked.withLock { $0.isEmpty })
        try await work([batch(2, [(1, 5), (2, -5)]), batch(3, [(1, 6), (3, 1)])])
        #expect(books.looked.withLock { $0.map(Set.init) } == [[account(1), account(3)]])
        #expect(funded.value == 2)
    }

    @Test func `only what the database refuses for its data is the message's fault`() {
        struct Other: Error {}
        #expect(LedgerWatch.failure(StorageFault.refused("no such tenant")) == .message)
        #expect(LedgerWatch.failure(Other()) == .outage)
        #expect(LedgerWatch.failure(StorageFault.conflict("somebody was there first")) == .outage)
    }
}
