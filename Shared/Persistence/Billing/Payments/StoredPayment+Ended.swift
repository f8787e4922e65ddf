package import Billing
package import Events

extension PaymentChanged {
    /// What is told of a payment; nil for one that has not ended.
    package init?(_ payment: StoredPayment) {
        guard payment.state.status.isFinal, let ended = payment.completedAt else { return nil }
        self.init(
            paymentID: payment.id,
            customerID: payment.customerID,
            state: payment.state.status.rawValue,
            amount: payment.amount,
            method: payment.method.rawValue,
            gateway: payment.gateway,
            refundOf: payment.refundOf,
            endedAt: ended,
            note: payment.state.failure ?? "",
            version: UInt64(clamping: payment.version)
        )
    }
}

extension PaymentMetrics {
    /// Counts a payment, once it has ended and that is committed.
    package func ended(_ payment: StoredPayment) {
        ended(
            payment.state.status,
            payment.amount,
            gateway: payment.gateway,
            isRefund: payment.refundOf != nil,
            of: payment.tenantID
        )
    }
}
