import Domain
import Events
import Notices
import Persistence
import WireFormat

/// What customers are told of their bills, quotas, boosts, wallets and services, and users of the files that they asked for.
enum CustomerPlanning {
    /// Nil for an event that nobody is told of. Throws for one that is told and cannot be read.
    static func intent(of event: EventEnvelope) throws(JSONError) -> NoticeIntent? {
        switch event.type {
        case BillReminded.type: reminded(try event.payload(), event)
        case QuotaCrossed.type: crossed(try event.payload(), event)
        case BoostChanged.type: decided(try event.payload(), event)
        case WalletLow.type: low(try event.payload(), event)
        case AccessChanged.type: access(try event.payload(), event)
        case PaymentChanged.type: PaymentPlanning.intent(try event.payload(), event)
        case LifecycleChanged.type: WelcomePlanning.intent(try event.payload(), event)
        case ExportCompleted.type: completed(try event.payload(), event)
        case ExportFailed.type: failed(try event.payload(), event)
        default: nil
        }
    }

    // MARK: - Private

    private static let day: Int64 = 86_400

    private static func customer(
        _ kind: NoticeKind,
        _ customer: CustomerID,
        _ facts: NoticeFacts,
        about subject: NoticeSubject,
        _ event: EventEnvelope
    ) -> NoticeIntent {
        NoticeIntent(
            tenantID: event.tenantID,
            cause: "\(event.id)",
            kind: kind,
            recipient: .customer(customer),
            facts: facts,
            subject: subject,
            expiresAt: event.time + kind.terms.validity
        )
    }

    private static func money(_ money: Money) -> NoticeValue {
        .money(Int(money.tenThousandths), currency: money.currency.code)
    }

    private static func reminded(_ told: BillReminded, _ event: EventEnvelope) -> NoticeIntent {
        let isOverdue = told.offsetSeconds > 0
        // Begun days count: what is due in an hour is due within a day.
        let days = (abs(told.offsetSeconds) + day - 1) / day
        var intent = customer(
            isOverdue ? .billOverdue : .billDue,
            told.customerID,
            ["amount": money(told.amount), "bill": .text(number(told.billID.value)), "days": .count(Int(days))],
            about: .bill(told.billID.value),
            event
        )
        intent.dueAt = told.dueAt
        return intent
    }

    /// What people call a bill or a payment by: the end of its id.
    static func number(_ id: UUID128) -> String { String("\(id)".suffix(8)).uppercased() }

    /// Hours online have no words yet: what is counted in seconds is told in the pages of the service.
    private static func crossed(_ told: QuotaCrossed, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.resource == "octets" else { return nil }
        let kind: NoticeKind
        switch told.threshold {
        case 80: kind = .quota80
        case 95: kind = .quota95
        case 100: kind = .quotaReached
        default: return nil
        }
        var facts: NoticeFacts = [
            "used": .octets(told.used), "allowance": .octets(told.allowance), "resets_at": .instant(told.windowEnd),
        ]
        if kind != .quotaReached {
            facts["remaining"] = .octets(max(0, told.allowance - told.used))
        } else if told.policy == "block" {
            facts["blocked"] = .count(1)
        }
        var intent = customer(
            kind,
            told.customerID,
            facts,
            about: .quota(
                told.quotaID,
                of: told.serviceID,
                from: told.windowStart,
                percent: Int(told.threshold)
            ),
            event
        )
        intent.service = told.serviceID
        // Of no use once the window is over.
        intent.expiresAt = min(intent.expiresAt, told.windowEnd)
        return intent
    }

    private static func decided(_ told: BoostChanged, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.state == "approved" || told.state == "rejected" else { return nil }
        let isApproved = told.state == "approved"
        var facts = NoticeFacts()
        if isApproved {
            facts["price"] = money(told.amount)
            if let end = told.periodEnd { facts["until"] = .instant(end) }
        } else if !told.note.isEmpty {
            facts["reason"] = .text(told.note)
        }
        var intent = customer(
            isApproved ? .boostApproved : .boostRejected,
            told.customerID,
            facts,
            about: .boost(told.boostID.value, isApproved: isApproved),
            event
        )
        // Its other changes in the same state tell nothing new.
        intent.cause = "boost:\(told.boostID):\(told.state)"
        (intent.service, intent.plan) = (told.serviceID, told.planID)
        return intent
    }

    private static func low(_ told: WalletLow, _ event: EventEnvelope) -> NoticeIntent {
        let available = told.balance.tenThousandths - told.held.tenThousandths
        return customer(
            .walletLow,
            told.customerID,
            [
                "balance": .money(Int(available), currency: told.balance.currency.code),
                "threshold": money(told.threshold),
            ],
            about: .wallet(told.walletID, threshold: told.threshold.tenThousandths),
            event
        )
    }

    /// Quotas and boosts are told by their own events.
    private static func access(_ told: AccessChanged, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.cause != .quota, told.cause != .boost else { return nil }
        let isSuspended: Bool
        switch told.effect {
        case .blocked: isSuspended = true
        case .restored: isSuspended = false
        case .throttled, .boosted: return nil
        }
        var intent = customer(
            isSuspended ? .serviceSuspended : .serviceRestored,
            told.customerID,
            [:],
            about: .access(told.serviceID, isSuspended: isSuspended),
            event
        )
        intent.service = told.serviceID
        return intent
    }

    private static func completed(_ told: ExportCompleted, _ event: EventEnvelope) -> NoticeIntent {
        var intent = NoticePlanner.account(
            .exportReady,
            told.userID,
            ["name": .text("\(told.entity).\(told.format)"), "expires_at": .instant(told.expiresAt)],
            event
        )
        intent.expiresAt = min(intent.expiresAt, told.expiresAt)
        return intent
    }

    private static func failed(_ told: ExportFailed, _ event: EventEnvelope) -> NoticeIntent {
        NoticePlanner.account(
            .exportFailed,
            told.userID,
            ["name": .text("\(told.entity).\(told.format)"), "reason": .text(told.reason)],
            event
        )
    }
}
