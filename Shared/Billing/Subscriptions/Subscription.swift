package import Domain

/// A customer's contract for a service: which plan's terms hold, and how far they ran (INV-12, table subscriptions).
package struct Subscription: Hashable, Sendable {
    /// Its raw value is what the database keeps.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Not activated, or prepaid and never paid: no access.
        case pending
        case active
        /// A bill is overdue; access goes on until its deadline, or as long as was promised.
        case grace
        /// A bill is overdue beyond that: no access.
        case suspended
        /// The customer asked for it: no access, nothing is charged.
        case paused
        /// Somebody ended it. For good.
        case cancelled
        /// It ran for as many periods as its plan has. For good.
        case ended

        package var isFinal: Bool { self == .cancelled || self == .ended }
    }

    /// Where in time it is.
    package struct Clock: Hashable, Sendable {
        /// What boundaries are counted from, and the number of the one that ends the present period.
        package var anchor: Timestamp
        package var boundary: Int
        /// The present period.
        package var period: BillingPeriod
        /// The present period's number in the subscription, from 1.
        package var ordinal: Int
        /// The present period's number under these terms, from 1.
        package var count: Int
        /// Seconds of the present period for which it stood still.
        package var still: Int64

        package init(
            anchor: Timestamp,
            boundary: Int,
            period: BillingPeriod,
            ordinal: Int,
            count: Int,
            still: Int64 = 0
        ) {
            self.anchor = anchor
            self.boundary = boundary
            self.period = period
            self.ordinal = ordinal
            self.count = count
            self.still = still
        }
    }

    /// What becomes of it when the present period ends.
    package enum PendingChange: Hashable, Sendable {
        case plan(PlanTerms)
        case cancel
    }

    /// What its customer may do on the network.
    package enum Access: Hashable, Sendable {
        /// Nothing yet.
        case none
        case granted
        case unpaid
        case paused
        /// Nothing any more.
        case over
    }

    package let id: SubscriptionID
    package let tenantID: TenantID
    package let customerID: CustomerID
    package let serviceID: ServiceID
    package var terms: PlanTerms
    package var state = State.pending
    /// Nil until it is activated.
    package var clock: Clock?
    /// Since when the clock stands still.
    package var stoppedAt: Timestamp?
    /// What unused rests are worth that no bill has used up yet; never below zero.
    package var credit: Money
    /// Nobody is suspended before.
    package var promiseUntil: Timestamp?
    /// How many promises were given in the present period.
    package var promises = 0
    package var pending: PendingChange?
    package var endedAt: Timestamp?

    package init(
        id: SubscriptionID,
        tenantID: TenantID,
        customerID: CustomerID,
        serviceID: ServiceID,
        terms: PlanTerms
    ) {
        self.id = id
        self.tenantID = tenantID
        self.customerID = customerID
        self.serviceID = serviceID
        self.terms = terms
        credit = .zero(terms.price.currency)
    }

    package var access: Access {
        switch state {
        case .pending: .none
        case .active, .grace: .granted
        case .suspended: .unpaid
        case .paused: .paused
        case .cancelled, .ended: .over
        }
    }
}
