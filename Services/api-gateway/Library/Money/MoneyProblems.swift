import Billing
import HTTPServer
import Ledger
import Persistence

/// The one place where what the ledger, or a rule of payments, refuses becomes what a client reads.
enum MoneyProblems {
    /// What a refusal of the ledger is to a client. Words that it does not know are conflicts by their own name.
    static func problem(_ verdict: TransferVerdict) -> Problem {
        switch verdict.rawValue {
        case "insufficient": unprocessable("insufficient_funds", "There is not enough available in the wallet.")
        case "amount_not_positive": field("/amount", "amount_not_positive", "must be more than zero")
        case "amount_too_large": field("/amount", "amount_too_large", "is more than an account can hold")
        case "over_capture": field("/amount", "over_capture", "is more than is left of the hold")
        case "over_refund": field("/amount", "over_refund", "is more than is left to give back")
        case "currency_mismatch": field("/currency", "currency_mismatch", "is not the account's")
        case "account_missing", "transfer_missing": .notFound
        case "account_closed": .conflict("account_closed", "The account is closed.")
        case "nothing_held": .conflict("nothing_held", "Nothing is left of the hold.")
        case "hold_expired": .conflict("hold_expired", "The hold's time is over.")
        case "not_reversible": .conflict("not_reversible", "It moved no money that could be moved back.")
        case "already_reversed": .conflict("already_reversed", "It was undone before.")
        default: .conflict(verdict.rawValue, "The ledger refused it: \(verdict.rawValue).")
        }
    }

    static func problem(_ flaw: MoneyAnswer.Flaw) -> Problem {
        switch flaw {
        case .ownerMissing: field("/customer_id", flaw.rawValue, "names nobody who could have a wallet here")
        case .amountNotPositive: field("/amount", flaw.rawValue, "must be more than zero")
        case .currencyMismatch: field("/currency", flaw.rawValue, "is another than that of what it is about")
        case .malformedGateway: field("/method", flaw.rawValue, "is none that money can come by")
        case .unreadable: unprocessable(flaw.rawValue, "The ledger cannot read it.")
        }
    }

    /// The key stands for another command; the idempotency layer says the same.
    static let keyReused = unprocessable("idempotency_mismatch", "The key was used for another request.")

    /// More than is left of a payment.
    static let overRefund = field("/amount", "over_refund", "is more than is left to give back, or nothing")

    static let conversionUndone = Problem.conflict(
        "conversion_undone",
        "Nothing could be bought; what was sold was given back."
    )
    static let noOpenShift = Problem.conflict(
        "no_open_shift",
        "Cash is taken and given within a shift: open yours first."
    )

    /// JetStream did not say that it has the command.
    static let unknown = Problem.unavailable(
        "Nobody knows whether it was carried out: send the same again, under the same key."
    )

    static func problem(_ refusal: PaymentRefusal) -> Problem {
        switch refusal {
        case .ended: .conflict(refusal.rawValue, "The payment has ended; what has ended never changes.")
        case .moving: .conflict(refusal.rawValue, "The money is on its way: only the ledger's answer ends the payment.")
        case .notMoving: .conflict(refusal.rawValue, "The ledger was not asked for it.")
        case .underWay: .conflict(refusal.rawValue, "The payment is under way.")
        }
    }

    static func problem(_ refusal: AdjustmentRefusal) -> Problem {
        switch refusal {
        case .decided: .conflict(refusal.rawValue, "It was decided before.")
        case .sameEyes: .conflict(refusal.rawValue, "Somebody else than who asked for it decides.")
        case .notOwn: .conflict(refusal.rawValue, "Only who asked for it takes it back.")
        case .notMoving: .conflict(refusal.rawValue, "The ledger was not asked for it.")
        }
    }

    static func problem(_ refusal: CashShift.Refusal) -> Problem {
        switch refusal {
        case .closed: .conflict(refusal.rawValue, "The shift is closed.")
        case .paymentsUnderWay:
            .conflict(refusal.rawValue, "It is not known yet what became of a payment of the shift. Try again.")
        case .malformedCount: field("/amounts", refusal.rawValue, "must be amounts of zero or more")
        case .tooMuch: field("/amounts", refusal.rawValue, "are more than an account can hold")
        }
    }

    private static func unprocessable(_ code: String, _ detail: String) -> Problem {
        Problem(.unprocessableContent, code: code, detail: detail)
    }

    private static func field(_ field: String, _ code: String, _ message: String) -> Problem {
        Problem(
            .unprocessableContent,
            code: code,
            detail: "\(field) \(message)",
            details: [Problem.Detail(field: field, code: code, message: message)]
        )
    }
}
