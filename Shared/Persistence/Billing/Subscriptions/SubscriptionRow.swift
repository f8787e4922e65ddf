package import Billing
package import Domain

/// A subscription as it is stored, with what a step of it goes by.
package struct SubscriptionRow: Sendable {
    package var book: SubscriptionBook
    /// The zone that its periods are counted in.
    package let timeZone: String
    /// The customer's billing day.
    package let billingDay: Int
    /// Its service is there, and has not been terminated.
    package let hasService: Bool
    package let version: Int64
    package let createdAt: Timestamp

    package var subscription: Subscription { book.subscription }
}

/// What a step did, stored.
package struct SubscriptionCommit: Sendable {
    package let row: SubscriptionRow
    package let effects: [SubscriptionEffect]
}
