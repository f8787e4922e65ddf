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

extension Parts {
    /// The rows that tell of payments that ended outside any request.
    func ended(_ payments: [StoredPayment]) -> [OutboxRow] {
        payments.compactMap { payment in
            PaymentChanged(payment).map { told in
                OutboxRow(
                    id: ids.next(),
                    tenantID: payment.tenantID,
                    aggregateID: payment.id.value,
                    payload: told,
                    createdAt: time.now()
                )
            }
        }
    }
}
