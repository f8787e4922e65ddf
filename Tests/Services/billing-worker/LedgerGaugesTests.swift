import Domain
import Ledger
import Observability
import SharedTesting
import Synchronization
import Testing

@testable import BillingWorker
@testable import Persistence

/// The wallets' own series.
@Suite(.proves("OBS-07")) struct LedgerGaugesTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))

    private static func wallet(_ number: UInt64, _ balance: Int64) -> LowestWallets.Wallet {
        LowestWallets.Wallet(
            tenantID: tenant,
            customerID: CustomerID(UUID128(high: 2, low: number)),
            balance: balance
        )
    }

    private static func lane(_ currency: Currency, customers: Int64, tenants: Int64) -> LaneFigures {
        var lane = LaneFigures(lane: Lane(rootID: tenant, currency: currency))
        lane.wallets = [(AccountOwner.Kind.customer, customers), (.tenant, tenants)].map { owners, accounts in
            LaneFigures.Wallets(tenantID: tenant, owners: owners, accounts: accounts, balance: 0, held: 0)
        }
        return lane
    }

    private static func series(_ registry: MetricsRegistry) -> Set<String> {
        let lines = String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").map(String.init)
        return Set(lines.filter { $0.hasPrefix("wallet_balance_eur{") || $0.hasPrefix("wallet_balance_left_out ") })
    }

    private static func line(_ wallet: LowestWallets.Wallet, _ value: String) -> String {
        "wallet_balance_eur{tenant=\"\(wallet.tenantID)\",user_id=\"\(wallet.customerID)\"} \(value)"
    }

    @Test func `those that are read have a series, and it ends with them`() async throws {
        let registry = MetricsRegistry()
        let (first, second) = (Self.wallet(1, 25_000), Self.wallet(2, -10_000))
        let lowest = Mutex([first, second])
        let lanes = [
            Self.lane(.euro, customers: 7, tenants: 3), Self.lane(try Currency("XOF"), customers: 5, tenants: 0),
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            let gauges = LedgerGauges(
                registry,
                time: .fixed(.epoch),
                interval: .milliseconds(10),
                logger: Logger(service: "test", sink: MemoryLogSink()),
                read: { lanes },
                lowest: { lowest.withLock { $0 } },
                keep: { _, _ in }
            )
            group.addTask { try await gauges.run() }
            let both: Set = [Self.line(first, "2.5"), Self.line(second, "-1"), "wallet_balance_left_out 5"]
            try await eventually(within: .seconds(30)) { Self.series(registry) == both }
            lowest.withLock { $0 = [second] }
            let one: Set = [Self.line(second, "-1"), "wallet_balance_left_out 6"]
            try await eventually(within: .seconds(30)) { Self.series(registry) == one }
            lowest.withLock { $0 = [] }
            try await eventually(within: .seconds(30)) { Self.series(registry) == ["wallet_balance_left_out 7"] }
            group.cancelAll()
        }
    }
}
