import Domain
import Ledger
import Lifecycle
import Observability
import Persistence
import Synchronization

/// The ledger in numbers, as last read: sums that must be zero, what is in the wallets, how long gateways have owed us. They are kept
/// for the pages, too.
final class LedgerGauges: Lifecycle.Service {
    private let read: @Sendable () async throws -> [LaneFigures]
    private let lowest: @Sendable () async throws -> [LowestWallets.Wallet]
    private let keep: @Sendable (_ figures: [LaneFigures], _ at: Timestamp) async throws -> Void
    private let time: TimeSource
    private let interval: Duration
    private let logger: Logger
    private let figures = Mutex(Figures())

    private struct Figures: Sendable {
        var lanes: [LaneFigures] = []
        /// The wallets that have a series of their own.
        var lowest: [LowestWallets.Wallet] = []
        var at = Timestamp.epoch
    }

    init(
        _ registry: MetricsRegistry,
        time: TimeSource,
        interval: Duration,
        logger: Logger,
        read: @escaping @Sendable () async throws -> [LaneFigures],
        lowest: @escaping @Sendable () async throws -> [LowestWallets.Wallet],
        keep: @escaping @Sendable (_ figures: [LaneFigures], _ at: Timestamp) async throws -> Void
    ) {
        self.read = read
        self.lowest = lowest
        self.keep = keep
        self.time = time
        self.interval = interval
        self.logger = logger
        let lane = ["operator", "currency"]
        add(registry, "ledger_sum", "The sum of all balances of a lane: anything but 0 is an error in the books.", lane)
        {
            lane,
            _ in [([], Self.units(lane.sum))]
        }
        add(registry, "ledger_accounts", "Accounts of a lane.", lane) { lane, _ in [([], Double(lane.accounts))] }
        add(registry, "ledger_held", "What holds lock in a lane.", lane) { lane, _ in [([], Self.units(lane.held))] }
        add(
            registry,
            "ledger_unsigned_seconds",
            "For how long a lane has had batches that no checkpoint vouches for.",
            lane
        ) { lane, now in [([], Self.seconds(since: lane.progress?.unsignedSince, now))] }
        add(
            registry,
            "wallet_balance",
            "What is in the wallets of a tenant: its customers', or its own.",
            lane + ["tenant", "owners"]
        ) { lane, _ in
            lane.wallets.map { ([$0.tenantID.description, $0.owners.rawValue], Self.units($0.balance)) }
        }
        add(
            registry,
            "clearing_balance",
            "What a gateway owes us, below zero, or we it.",
            lane + ["gateway"]
        ) { lane, _ in lane.clearing.map { ([$0.gateway], Self.units(Int128($0.balance))) } }
        add(
            registry,
            "clearing_unsettled_seconds",
            "For how long a gateway's account has not been settled to the last unit.",
            lane + ["gateway"]
        ) { lane, now in lane.clearing.map { ([$0.gateway], Self.seconds(since: $0.unsettledSince, now)) } }
        addWallets(registry)
    }

    func run() async throws {
        try await repeating(every: interval, logger, "figures cannot be read") {
            let (lanes, lowest, now) = (try await read(), try await lowest(), time.now())
            figures.withLock { $0 = Figures(lanes: lanes, lowest: lowest, at: now) }
            try await keep(lanes, now)
        }
    }

    /// A series for each customer would be one for each of a million: only the lowest have one (OBS-07), for as long as they are that.
    private func addWallets(_ registry: MetricsRegistry) {
        registry.gauge(
            "wallet_balance_eur",
            "What is in the customers' wallets that are lowest, of those that are low.",
            labels: ["tenant", "user_id"]
        ) { [self] in
            figures.withLock { $0.lowest }.map {
                MetricSample(
                    [$0.tenantID.description, $0.customerID.description],
                    Self.units(Int128($0.balance))
                )
            }
        }
        registry.gauge("wallet_balance_left_out", "Customers' wallets in euros that have no series of their own.") {
            [self] in
            let figures = figures.withLock { $0 }
            let wallets = figures.lanes.lazy.filter { $0.lane.currency == .euro }.flatMap(\.wallets)
            let all = wallets.filter { $0.owners == .customer }.reduce(0) { $0 + $1.accounts }
            // Counted a moment before the lowest were read: one may have been opened in between.
            return Double(max(0, all - Int64(figures.lowest.count)))
        }
    }

    private func add(
        _ registry: MetricsRegistry,
        _ name: String,
        _ help: String,
        _ labels: [String],
        _ value: @escaping @Sendable (LaneFigures, Timestamp) -> [([String], Double)]
    ) {
        registry.gauge(name, help, labels: labels) { [self] in
            let figures = figures.withLock { $0 }
            return figures.lanes.flatMap { lane in
                value(lane, figures.at).map { labels, number in
                    MetricSample([lane.lane.rootID.description, lane.lane.currency.code] + labels, number)
                }
            }
        }
    }

    /// For a graph; the books themselves are exact.
    private static func units(_ tenThousandths: Int128) -> Double { Double(tenThousandths) / 10_000 }

    private static func seconds(since: Timestamp?, _ now: Timestamp) -> Double {
        guard let since else { return 0 }
        return max(0, Double(now.microseconds - since.microseconds) / 1e6)
    }
}
