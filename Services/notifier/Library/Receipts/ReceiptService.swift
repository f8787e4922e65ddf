import Domain
import Lifecycle
import Observability
import Persistence

/// Where providers' requests wait, as who reads them sees it.
protocol ReceiptKeeping: Sendable {
    func settle(
        limit: Int,
        at now: Timestamp,
        keep: Duration,
        read: @Sendable (WaitingCallback) -> CallbackReading
    ) async throws(StorageFault) -> SettledCallbacks
}

extension NoticeReceipts: ReceiptKeeping {}

/// Takes in what providers tell of messages that they took, and what people answer (NTF-02). Any number of processes may.
struct ReceiptService: Lifecycle.Service {
    let receipts: any ReceiptKeeping
    let desk: CallbackDesk
    let interval: Duration
    let time: TimeSource
    let metrics: ReceiptMetrics
    let health: HealthComponent
    let logger: Logger

    /// Requests of one commit.
    static let batch = 100
    /// What cannot be read by then is of no use any more.
    static let keep = Duration.seconds(86_400)

    func run() async throws {
        try await repeating(
            every: interval,
            logger,
            "receipts wait",
            failed: { health.set(.degraded("receipts: \($0)")) },
            {
                try await look()
                health.set(.ready)
            }
        )
    }

    /// All that waits, once.
    func look() async throws(StorageFault) {
        var isMore = true
        while isMore, !GracefulShutdown.isShuttingDown {
            let settled = try await receipts.settle(
                limit: Self.batch,
                at: time.now(),
                keep: Self.keep,
                read: { desk.read($0) }
            )
            metrics.settled(settled)
            await desk.certificates.work()
            isMore = settled.looked == Self.batch
        }
    }
}

/// What providers tell. No recipient, tenant or account is a label.
struct ReceiptMetrics: Sendable {
    private let callbacks: Counter
    private let receipts: Counter
    private let suppressed: CounterCell
    private let allowed: CounterCell

    init(_ registry: MetricsRegistry) {
        callbacks = registry.counter(
            "notices_callbacks_total",
            "Requests of providers, read or not believed.",
            labels: ["kind", "outcome"]
        )
        receipts = registry.counter("notices_receipts_total", "What providers told of notices.", labels: ["state"])
        suppressed = registry.counter("notices_suppressed_total", "Addresses that are not written to any more.").with()
        allowed = registry.counter("notices_allowed_total", "Numbers that asked to be written to again.").with()
    }

    func read(_ kind: String, _ outcome: String) { callbacks.with(kind, outcome).add(1) }

    func settled(_ settled: SettledCallbacks) {
        for (state, count) in settled.told { receipts.with(state.rawValue).add(count) }
        if settled.known > 0 { receipts.with("known").add(settled.known) }
        if settled.unmatched > 0 { receipts.with("unmatched").add(settled.unmatched) }
        if settled.suppressed > 0 { suppressed.add(settled.suppressed) }
        if settled.allowed > 0 { allowed.add(settled.allowed) }
    }
}
