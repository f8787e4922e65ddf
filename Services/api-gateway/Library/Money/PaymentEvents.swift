import Billing
import Domain
import Events
import Persistence

extension PaymentChanged {
    /// What is told of a payment; nil for one that has not ended.
    init?(_ payment: StoredPayment) {
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

extension Work {
    /// Tells and counts a payment that this change ends, once it is committed. One that had ended before was told then.
    func end(_ change: Change<StoredPayment>) {
        guard let payment = change.after, change.before?.state.status.isFinal != true,
            let told = PaymentChanged(payment)
        else { return }
        tell(told, of: payment.tenantID, about: payment.id.value)
        afterwards { [metrics = parts.payments] in metrics.ended(payment) }
    }
}

extension PaymentMetrics {
    /// Counts a payment that ended here, and not by the ledger's word: billing-worker counts those.
    func ended(_ payment: StoredPayment) {
        ended(
            payment.state.status,
            payment.amount,
            gateway: payment.gateway,
            isRefund: payment.refundOf != nil,
            of: payment.tenantID
        )
    }
}
