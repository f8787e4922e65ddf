package import Domain
package import Observability

/// What is counted of payments that ended, by whoever ended them (OBS-05, OBS-06, PAY-16).
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
    package func ended(_ status: PaymentStatus, _ amount: Money, gateway: String, isRefund: Bool, of tenant: TenantID) {
        guard status.isFinal else { return }
        let tenant = tenant.description
        guard !isRefund else {
            ended.with(tenant, gateway, status == .completed ? "refunded" : "refund_\(status.rawValue)").add(1)
            return
        }
        ended.with(tenant, gateway, status.rawValue).add(1)
        guard status == .completed, amount.currency == .euro else { return }
        amounts.with(tenant, gateway).observe(Double(amount.tenThousandths) / 10_000)
    }
}
