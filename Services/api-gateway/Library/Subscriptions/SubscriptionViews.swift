import Billing
import Domain
import HTTPServer
import Ledger
import Persistence

/// What subscriptions and bills look like when they go out.
enum SubscriptionViews {
    private static let secondsOfDay: Int64 = 86_400

    private static let cycle = Schema.object([
        .init("unit", .choice(BillingCycle.Unit.allCases.map(\.rawValue))),
        .init("count", .integer(Int64(BillingCycle.counts.lowerBound)...Int64(BillingCycle.counts.upperBound))),
    ])

    static let subscription = View<SubscriptionRow>([
        .init("id", .uuid) { .id($0.subscription.id) }, .init("tenant_id", .uuid) { .id($0.subscription.tenantID) },
        .init("customer_id", .uuid) { .id($0.subscription.customerID) },
        .init("service_id", .uuid) { .id($0.subscription.serviceID) },
        .init("plan_id", .uuid) { .id($0.subscription.terms.planID) },
        .init("plan_version_id", .uuid) { .id($0.subscription.terms.version) },
        .init("state", .choice(Subscription.State.allCases.map(\.rawValue))) { .text($0.subscription.state.rawValue) },
        .init("price", .amount) { .text($0.subscription.terms.price.decimal) },
        .init("currency", .currency) { .text($0.subscription.terms.price.currency.code) },
        .init("cycle", cycle) {
            let cycle = $0.subscription.terms.cycle
            return .json("{\"unit\":\"\(cycle.unit.rawValue)\",\"count\":\(cycle.count)}")
        },
        .init("mode", .choice(PlanTerms.Mode.allCases.map(\.rawValue))) { .text($0.subscription.terms.mode.rawValue) },
        .init("grace_days", .integer(0...365)) {
            .integer($0.subscription.terms.grace.components.seconds / secondsOfDay)
        },
        .init("periods", .nullable(.integer(1...Int64.max))) { .integer($0.subscription.terms.periods) },
        .init("time_zone", .text()) { .text($0.timeZone) },
        .init("period_number", .nullable(.integer(1...Int64.max))) { .integer($0.subscription.clock?.ordinal) },
        .init("period_start", .nullable(.time)) { .time($0.subscription.clock?.period.start) },
        .init("period_end", .nullable(.time)) { .time($0.subscription.clock?.period.end) },
        .init("stopped_at", .nullable(.time)) { .time($0.subscription.stoppedAt) },
        .init("credit", .amount) { .text($0.subscription.credit.decimal) },
        .init("promise_until", .nullable(.time)) { .time($0.subscription.promiseUntil) },
        .init("pending", .nullable(.choice(["plan", "cancel"]))) { .text($0.pending.name) },
        .init("pending_plan_id", .nullable(.uuid)) { .id($0.pending.plan) },
        .init("ended_at", .nullable(.time)) { .time($0.subscription.endedAt) },
        .init("created_at", .time) { .time($0.createdAt) },
    ])

    /// A quote with the plan that it is for.
    struct Quote: Sendable {
        let planID: PlanID
        let quote: ChangeQuote
    }

    static let quote = View<Quote>([
        .init("plan_id", .uuid) { .id($0.planID) },
        .init("currency", .currency) { .text($0.quote.price.currency.code) },
        .init("used", .amount) { .text($0.quote.used.decimal) },
        .init("rest", .amount) { .text($0.quote.rest.decimal) },
        .init("credit", .amount) { .text($0.quote.credit.decimal) },
        .init("price", .amount) { .text($0.quote.price.decimal) },
        .init("due_now", .amount) { .text($0.quote.dueNow.decimal) },
        .init("credit_left", .amount) { .text($0.quote.creditLeft.decimal) },
        .init("period_start", .time) { .time($0.quote.period.start) },
        .init("period_end", .time) { .time($0.quote.period.end) },
    ])

    static let bill = View<StoredBill>([
        .init("id", .uuid) { .id($0.bill.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("subscription_id", .uuid) { .id($0.subscriptionID) },
        .init("customer_id", .uuid) { .id($0.customerID) },
        .init("number", .integer(1...Int64.max)) { .integer($0.bill.ordinal) },
        .init("status", .choice(Bill.Status.allCases.map(\.rawValue))) { .text($0.bill.status.rawValue) },
        .init("period_start", .time) { .time($0.bill.period.start) },
        .init("period_end", .time) { .time($0.bill.period.end) },
        .init("currency", .currency) { .text($0.bill.price.currency.code) },
        .init("price", .amount) { .text($0.bill.price.decimal) },
        .init("credit", .amount) { .text($0.bill.credit.decimal) },
        .init("amount", .amount) { .text($0.bill.amount.decimal) },
        .init("credited", .amount) { .text($0.bill.credited.decimal) },
        .init("issued_at", .time) { .time($0.bill.issuedAt) }, .init("due_at", .time) { .time($0.bill.dueAt) },
        .init("deadline", .time) { .time($0.bill.deadline) },
        .init("paid_at", .nullable(.time)) { .time($0.bill.paidAt) },
        .init("method", .nullable(.choice(["e_wallet", "transfer", "cash"]))) { .text($0.method) },
        .init("transfer_id", .nullable(.uuid)) { .id($0.transferID) }, .init("notes", .text()) { .text($0.notes) },
    ])
}

extension SubscriptionRow {
    /// What becomes of it at the period's end, and which plan it has then.
    fileprivate var pending: (name: String?, plan: PlanID?) {
        switch subscription.pending {
        case .plan(let terms): ("plan", terms.planID)
        case .cancel: ("cancel", nil)
        case nil: (nil, nil)
        }
    }
}

/// The one place where what a subscription refuses becomes what a client reads.
enum SubscriptionProblems {
    static func problem(_ refusal: SubscriptionRefusal) -> Problem {
        switch refusal {
        case .wrongState: .conflict(refusal.rawValue, "The subscription's state does not allow that.")
        case .collecting: .conflict(refusal.rawValue, "The wallet is being asked for the bill. Try again in a moment.")
        case .promisesUsedUp: .conflict(refusal.rawValue, "No more promises are taken in this period.")
        case .notOwed: .conflict(refusal.rawValue, "Nothing is owed for that bill.")
        case .currencyMismatch: field("/plan_id", refusal, "is a plan with prices in another currency")
        case .promiseOutOfRange: field("/until", refusal, "must lie ahead, and no further than the plan allows")
        case .tooMuch:
            Problem(.unprocessableContent, code: refusal.rawValue, detail: "Its amounts leave the range of money.")
        }
    }

    static let exists = Problem.conflict("subscription_exists", "The service has a subscription that has not ended.")
    static let terminated = Problem.conflict("service_terminated", "The service is terminated.")
    static let planInactive = Problem.conflict("plan_inactive", "The plan is not offered any more.")
    static let noZone = Problem.unavailable("The rules of the subscription's time zone cannot be read here.")

    private static func field(_ field: String, _ refusal: SubscriptionRefusal, _ message: String) -> Problem {
        Problem(
            .unprocessableContent,
            code: refusal.rawValue,
            detail: "\(field) \(message)",
            details: [Problem.Detail(field: field, code: refusal.rawValue, message: message)]
        )
    }
}
