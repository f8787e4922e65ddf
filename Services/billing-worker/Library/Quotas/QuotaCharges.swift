import Billing
import Domain
import Ledger
import Lifecycle
import Observability
import Persistence

/// Has overage and top-ups charged, and notes what became of it. The key is the order's and the number of its refusals: an order
/// whose outcome nobody knows is asked for again under the same key, one that was refused under a new one.
struct QuotaCharges: Lifecycle.Service {
    let store: QuotaStore
    let desk: ChargeDesk
    let isLeading: @Sendable () -> Bool
    let clock: TimeSource
    let metrics: QuotaMetrics
    let logger: Logger
    var interval = Duration.milliseconds(100)

    func run() async throws {
        try await repeating(every: interval, logger, "charges of quotas wait") {
            if isLeading() { try await charge() }
        }
    }

    /// Charges what is due, and lets what was paid for count at once: who pays waits for it.
    func charge() async throws {
        var isPaid = false
        for order in try await store.pendingOrders(now: clock.now(), limit: 100) {
            guard isLeading(), !GracefulShutdown.isShuttingDown else { return }
            guard let answer = try await desk.submit(Charge(order)) else {
                metrics.charged("unknown")
                continue
            }
            let commit: QuotaCommit
            if let refusal = answer.refusal {
                metrics.charged("refused")
                commit = try await store.refused(order, reason: refusal, now: clock.now())
            } else {
                metrics.charged("posted")
                commit = try await store.posted(order, now: clock.now())
                isPaid = true
            }
            metrics.done(commit)
        }
        if isPaid { metrics.done(try await store.applyTopUps(now: clock.now(), limit: QuotaUpkeep.page)) }
    }
}

extension Charge {
    init(_ order: QuotaOrder) {
        self.init(
            tenantID: order.tenantID,
            rootID: order.rootID,
            customerID: order.customerID,
            amount: order.price,
            key: "quota:\(order.id):\(order.refusals)",
            purpose: .usage,
            reference: order.id.description,
            metadata: ["kind": order.kind.rawValue, "service": order.serviceID.description]
        )
    }
}
