import Domain
import Events
import Notices
import Persistence

/// What customers are told of the money that they pay.
enum PaymentPlanning {
    /// Nil for what is given back, for a tenant's own payment, and for one that was cancelled: whoever did that knows it.
    static func intent(_ told: PaymentChanged, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.refundOf == nil, let customer = told.customerID else { return nil }
        let isReceived: Bool
        switch told.state {
        case "completed": isReceived = true
        case "failed": isReceived = false
        default: return nil
        }
        var facts: NoticeFacts = [
            "amount": .money(Int(told.amount.tenThousandths), currency: told.amount.currency.code)
        ]
        if isReceived {
            facts["paid_at"] = .instant(told.endedAt)
            facts["reference"] = .text(CustomerPlanning.number(told.paymentID.value))
        } else if let reason = reason(told.note) {
            facts["reason"] = .text(reason)
        }
        let kind = isReceived ? NoticeKind.paymentReceived : .paymentFailed
        return NoticeIntent(
            tenantID: event.tenantID,
            // A payment ends once, however often that is told.
            cause: "payment:\(told.paymentID):\(told.state)",
            kind: kind,
            recipient: .customer(customer),
            facts: facts,
            subject: .payment(told.paymentID.value, isReceived: isReceived),
            expiresAt: event.time + kind.terms.validity
        )
    }

    /// What somebody wrote. A stable word, such as `not_paid`, is for programs.
    private static func reason(_ note: String) -> String? {
        let isWord = note.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
        return isWord ? nil : note
    }
}
