import Billing
import Domain
package import Observability
import Persistence

/// What is counted of payments that ended (OBS-05, OBS-06, PAY-16).
package struct PaymentMetrics: Sendable {
    private let ended: Counter
    private let amounts: Histogram

    package init(_ registry: MetricsRegistry) {
        ended = registry.counter(
            "payment_total",
            "Payments that ended; what gave one back is refunded or refund_failed.",
            labels: ["tenant", "gateway", "status"]
        )
        amounts = registry.histogram(
            "payment_amount_eur",
            "Amounts of completed payments in euros; other currencies are left out.",
            labels: ["tenant", "gateway"],
            buckets: [5, 10, 20, 50, 100, 200, 500]
        )
    }

    /// Counts a payment once it has ended and that is committed; one that has not ended is not counted.
    func ended(_ payment: StoredPayment) {
        let status = payment.state.status
        guard status.isFinal else { return }
        let (tenant, gateway) = (payment.tenantID.description, payment.gateway)
        guard payment.refundOf == nil else {
            ended.with(tenant, gateway, status == .completed ? "refunded" : "refund_\(status.rawValue)").add(1)
            return
        }
        ended.with(tenant, gateway, status.rawValue).add(1)
        guard status == .completed, payment.amount.currency == .euro else { return }
        amounts.with(tenant, gateway).observe(Double(payment.amount.tenThousandths) / 10_000)
    }
}
