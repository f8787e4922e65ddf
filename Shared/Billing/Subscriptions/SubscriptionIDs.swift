package import Domain

/// What the ids of subscriptions identify. Never instantiated.
package enum BillingTag {
    package enum Subscription {}
    package enum PlanVersion {}
    package enum Bill {}
    package enum Boost {}
}

package typealias SubscriptionID = ID<BillingTag.Subscription>
package typealias PlanVersionID = ID<BillingTag.PlanVersion>
package typealias BillID = ID<BillingTag.Bill>
package typealias BoostID = ID<BillingTag.Boost>
