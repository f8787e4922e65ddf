import Billing
import Domain
import HTTPServer
import Ledger
import Persistence

/// What boosts look like when they go out.
enum BoostViews {
    static let boost = View<BoostRow>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("customer_id", .uuid) { .id($0.customerID) }, .init("service_id", .uuid) { .id($0.serviceID) },
        .init("subscription_id", .uuid) { .id($0.subscriptionID) },
        .init("current_plan_id", .uuid) { .id($0.currentPlanID) }, .init("plan_id", .uuid) { .id($0.planID) },
        .init("days", days) { .integer($0.boost.days) },
        .init("price", .amount) { .text($0.boost.price.decimal) },
        .init("currency", .currency) { .text($0.boost.price.currency.code) },
        .init("state", .choice(Boost.State.allCases.map(\.rawValue))) { .text($0.boost.state.rawValue) },
        .init("period_start", .nullable(.time)) { .time($0.boost.period?.start) },
        .init("period_end", .nullable(.time)) { .time($0.boost.period?.end) },
        .init("reason", .nullable(.text())) { .text($0.boost.reason) },
        // Why the wallet did not pay when it was last asked.
        .init("refusal", .nullable(.text())) { .text($0.boost.refusal) },
        .init("transfer_id", .nullable(.uuid)) { .id($0.transferID) }, .init("notes", .text()) { .text($0.notes) },
        .init("created_at", .time) { .time($0.createdAt) },
    ])

    /// What a boost would cost, with what it is for.
    struct Quote: Sendable {
        let subscriptionID: SubscriptionID
        let planID: PlanID
        /// A month of the present plan and of the boost's.
        let current, boosted: Money
        let boost: Boost
    }

    static let quote = View<Quote>([
        .init("subscription_id", .uuid) { .id($0.subscriptionID) }, .init("plan_id", .uuid) { .id($0.planID) },
        .init("days", days) { .integer($0.boost.days) },
        .init("currency", .currency) { .text($0.boost.price.currency.code) },
        .init("current_price", .amount) { .text($0.current.decimal) },
        .init("boost_price", .amount) { .text($0.boosted.decimal) },
        .init("price", .amount) { .text($0.boost.price.decimal) },
    ])

    private static let days = Schema.integer(Int64(Boost.days.lowerBound)...Int64(Boost.days.upperBound))
}

/// The one place where what a boost refuses becomes what a client reads.
enum BoostProblems {
    static func problem(_ refusal: Boost.Refusal) -> Problem {
        switch refusal {
        case .wrongState: .conflict(refusal.rawValue, "The boost's state does not allow that.")
        case .collecting: .conflict(refusal.rawValue, "The wallet is being asked for the boost. Try again in a moment.")
        case .reasonMissing: field("/reason", refusal, "says why the boost is rejected")
        case .priceNotPositive: field("/plan_id", refusal, "is no plan that costs more, in the same currency")
        }
    }

    static let exists = Problem.conflict("boost_exists", "The service has a boost that is not over.")
    static let notActive = Problem.conflict("subscription_not_active", "Only who has access can be faster.")
    static let planChanged = Problem.conflict(
        "plan_changed",
        "The subscription has another plan than the boost was priced against. Reject it and ask anew."
    )

    private static func field(_ field: String, _ refusal: Boost.Refusal, _ message: String) -> Problem {
        Problem(
            .unprocessableContent,
            code: refusal.rawValue,
            detail: "\(field) \(message)",
            details: [Problem.Detail(field: field, code: refusal.rawValue, message: message)]
        )
    }
}
