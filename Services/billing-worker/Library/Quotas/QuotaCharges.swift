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
    let desk: any MoneyDesk
    let isLeading: @Sendable () -> Bool
    let ids: IDGenerator
    let clock: TimeSource
    let metrics: QuotaMetrics
    let logger: Logger
    var interval = Duration.milliseconds(500)
    var patience = Duration.seconds(5)

    func run() async throws {
        try await repeating(every: interval, logger, "charges of quotas wait") {
            if isLeading() { try await charge() }
        }
    }

    /// Charges what is due.
    func charge() async throws {
        for order in try await store.pendingOrders(now: clock.now(), limit: 100) {
            guard isLeading(), !GracefulShutdown.isShuttingDown else { return }
            guard let command = Self.command(order, id: ids.next()) else { continue }
            guard let answer = try await desk.submit(command, within: patience) else {
                metrics.charged("unknown")
                continue
            }
            let commit: QuotaCommit
            if answer.isPosted {
                metrics.charged("posted")
                commit = try await store.posted(order, now: clock.now())
            } else {
                metrics.charged("refused")
                commit = try await store.refused(order, reason: Self.reason(answer), now: clock.now())
            }
            metrics.done(commit)
        }
    }

    /// What the ledger is asked for an order.
    static func command(_ order: QuotaOrder, id: TransferID) -> MoneyCommand? {
        guard let key = IdempotencyKey("quota:\(order.id):\(order.refusals)"),
            let details = try? TransferDetails(
                .usage,
                reference: order.id.description,
                metadata: ["kind": order.kind.rawValue, "service": order.serviceID.description]
            )
        else { return nil }
        return MoneyCommand(
            id: id,
            tenantID: order.tenantID,
            lane: Lane(rootID: order.rootID, currency: order.price.currency),
            key: key,
            action: .charge(.customer(order.customerID), amount: order.price, shared: true),
            details: details
        )
    }

    private static func reason(_ answer: MoneyAnswer) -> String {
        switch answer.outcome {
        case .decided(let verdict, _, _): verdict.rawValue
        case .keyReused: "key_reused"
        case .invalid(let flaw): flaw.rawValue
        }
    }
}
