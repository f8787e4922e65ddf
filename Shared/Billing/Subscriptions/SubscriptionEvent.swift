package import Domain

/// What a subscription is told.
package enum SubscriptionEvent: Hashable, Sendable {
    /// When something takes effect that may wait.
    package enum When: String, Hashable, Sendable, CaseIterable {
        case now
        case periodEnd = "period_end"
    }

    /// Nothing but that time went by.
    case time
    case activate
    /// The bill of that number was paid from the wallet.
    case paid(ordinal: Int)
    /// That attempt at the bill of that number moved no money.
    case refused(ordinal: Int, attempt: Int)
    /// The customer's wallet holds what a bill needs.
    case funds
    /// The bill of that number was paid otherwise, in cash or by transfer (INV-17).
    case settled(ordinal: Int)
    case change(PlanTerms, When)
    case cancel(When)
    /// Forget what was to become of it at the period's end.
    case keep
    case pause
    case resume
    case promise(until: Timestamp)
}

/// Why a subscription does not do what it is told. Nothing changed. Its raw value is what problems name.
package enum SubscriptionRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// Its state does not allow that.
    case wrongState = "wrong_state"
    /// The wallet is being asked at this moment; again in a moment.
    case collecting
    /// Prices of another currency cannot be set against each other.
    case currencyMismatch = "currency_mismatch"
    /// As many promises as the plan allows were given in this period.
    case promisesUsedUp = "promises_used_up"
    /// Not later than now, or later than the plan allows.
    case promiseOutOfRange = "promise_out_of_range"
    /// There is no such bill, or nothing is owed for it.
    case notOwed = "not_owed"
    /// The amounts leave the range of money.
    case tooMuch = "too_much"
}

/// What is to be done besides keeping the new state.
package enum SubscriptionEffect: Hashable, Sendable {
    /// Ask the wallet for the bill's present attempt.
    case collect(BillID)
    /// Tell the customer of the bill; how long after it was due, below zero for before.
    case remind(BillID, Duration)
    case access(Subscription.Access)
    /// The service has that plan from now on.
    case plan(PlanID)
    /// An unused rest was credited.
    case credited(Money)
}

/// What a step goes by besides the subscription itself.
package struct SubscriptionFacts: Sendable {
    package let calendar: BillingCalendar
    /// The customer's billing day, 1 to 31 (INV-16).
    package let billingDay: Int
    /// Gives the bill of a number its id. Asked once for each that is issued.
    package let billID: @Sendable (Int) -> BillID

    package init(calendar: BillingCalendar, billingDay: Int, billID: @escaping @Sendable (Int) -> BillID) {
        self.calendar = calendar
        self.billingDay = billingDay
        self.billID = billID
    }
}
