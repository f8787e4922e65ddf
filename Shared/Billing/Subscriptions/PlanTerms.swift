package import Domain

/// What a plan costs and how it is paid, pinned when somebody takes it: a version, which never changes (table plan_versions).
package struct PlanTerms: Hashable, Sendable {
    /// When a period is paid. Its raw value is what the database keeps.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Its bill is issued and due when it begins.
        case prepaid
        /// Its bill is issued when it ends and due on the customer's billing day.
        case postpaid
    }

    /// What becomes of the time for which somebody is suspended. Its raw value is what the database keeps.
    package enum Suspension: String, Hashable, Sendable, CaseIterable {
        /// The period stands still and goes on when it is paid: its end moves, and nothing of that time is charged.
        case extend
        /// The contract runs on and is charged.
        case charge
    }

    package let version: PlanVersionID
    package let planID: PlanID
    /// Of one cycle; at least zero.
    package let price: Money
    package let cycle: BillingCycle
    package let mode: Mode
    /// After how many periods it ends by itself (PLN-07's validity); nil: never.
    package let periods: Int?
    /// From a bill's due date to the suspension; at least zero.
    package let grace: Duration
    package let suspension: Suspension
    /// When to remind of a bill, before (below zero) and after it is due; ascending.
    package let reminders: [Duration]
    /// Promises to pay in one period at most.
    package let promises: Int
    /// The longest promise, from when it is given.
    package let longestPromise: Duration

    package init(
        version: PlanVersionID,
        planID: PlanID,
        price: Money,
        cycle: BillingCycle,
        mode: Mode,
        periods: Int? = nil,
        grace: Duration = .seconds(3 * 86_400),
        suspension: Suspension? = nil,
        reminders: [Duration] = Self.usualReminders,
        promises: Int = 1,
        longestPromise: Duration = .seconds(7 * 86_400)
    ) {
        precondition(price.tenThousandths >= 0 && grace >= .zero && promises >= 0, "terms nobody can mean")
        self.version = version
        self.planID = planID
        self.price = price
        self.cycle = cycle
        self.mode = mode
        self.periods = periods
        self.grace = grace
        self.suspension = suspension ?? (mode == .prepaid ? .extend : .charge)
        self.reminders = reminders.sorted()
        self.promises = promises
        self.longestPromise = longestPromise
    }

    /// Three days and one day before, and one and two days after.
    package static let usualReminders: [Duration] = [-3, -1, 1, 2].map { .seconds($0 * 86_400) }
}

extension PlanTerms {
    /// These conditions with another plan and its price; the version is not stored yet.
    package func with(_ plan: Plan, _ version: PlanVersionID) -> PlanTerms {
        PlanTerms(
            version: version,
            planID: plan.id,
            price: plan.price,
            cycle: cycle,
            mode: mode,
            periods: periods,
            grace: grace,
            suspension: suspension,
            reminders: reminders,
            promises: promises,
            longestPromise: longestPromise
        )
    }
}
