import Billing
import Domain
import Events
import Persistence

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
