package import Billing
package import Domain
package import Ledger
import Postgres

/// A boost as it is stored, with what a step of it goes by.
package struct BoostRow: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: BoostID
    package let subscriptionID: SubscriptionID
    package let customerID: CustomerID
    package let serviceID: ServiceID
    /// The plan that it was priced against.
    package let currentPlanID: PlanID
    /// The plan that it gives.
    package let planID: PlanID
    package var boost: Boost
    package let notes: String
    /// The ledger's transfer that paid it.
    package var transferID: TransferID?
    /// The zone that its days are counted in: its subscription's.
    package let timeZone: String
    /// Its subscription, as that stands now.
    package let contract: Contract
    package var version: Int64
    package let createdAt: Timestamp

    /// What a boost is for.
    package struct Contract: Hashable, Sendable {
        package let state: Subscription.State
        package let planID: PlanID
        /// Its service is there, and has not been terminated.
        package let hasService: Bool

        /// There is a service that could be faster, sooner or later.
        package var isStanding: Bool { hasService && !state.isFinal }
    }
}

/// Which boosts are listed; nil leaves a member open.
package struct BoostFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var customerID: CustomerID?
    package var subscriptionID: SubscriptionID?
    package var serviceID: ServiceID?
    package var state: Boost.State?

    package init() {}
}

/// Rows of boosts as values. All throw `UnexpectedRow` for what the schema does not promise.
enum BoostColumns {
    static let stored = """
        b.tenant_id, b.id, b.subscription_id, b.customer_id, b.service_id, b.current_plan_id, b.boost_plan_id, b.days, b.price,
        b.currency, b.state, b.period_start, b.period_end, b.notes, b.reason, b.attempt, b.sent, b.refusal, b.next_action_at,
        b.transfer_id, b.row_version, b.created_at, s.time_zone, s.state AS contract_state, v.plan_id AS contract_plan_id,
        d.status AS service_status
        """

    /// Every table that ``stored`` names.
    static let sources = """
        boosts b
        JOIN subscriptions s ON s.tenant_id = b.tenant_id AND s.id = b.subscription_id
        JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.id = s.plan_version_id
        LEFT JOIN services d ON d.tenant_id = b.tenant_id AND d.id = b.service_id
        """

    static func row(_ row: PGRow) throws -> BoostRow {
        BoostRow(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            subscriptionID: try row.need("subscription_id") { $0.id() },
            customerID: try row.need("customer_id") { $0.id() },
            serviceID: try row.need("service_id") { $0.id() },
            currentPlanID: try row.need("current_plan_id") { $0.id() },
            planID: try row.need("boost_plan_id") { $0.id() },
            boost: try boost(row),
            notes: try row.need("notes", \.text),
            transferID: row["transfer_id"].id(),
            timeZone: try row.need("time_zone", \.text),
            contract: BoostRow.Contract(
                state: try row.choice("contract_state"),
                planID: try row.need("contract_plan_id") { $0.id() },
                hasService: row["service_status"].text.map { $0 != "terminated" } ?? false
            ),
            version: try row.need("row_version", \.int64),
            createdAt: try row.need("created_at", \.time)
        )
    }

    private static func boost(_ row: PGRow) throws -> Boost {
        let currency = try LedgerColumns.currency(row, "currency")
        var boost = Boost(
            days: try row.need("days", \.int),
            price: try LedgerColumns.money(row, "price", currency)
        )
        boost.state = try row.choice("state")
        if let start = row["period_start"].time, let end = row["period_end"].time {
            boost.period = BillingPeriod(start: start, end: end)
        }
        boost.reason = row["reason"].text
        boost.attempt = try row.need("attempt", \.int)
        boost.isSent = try row.need("sent", \.bool)
        boost.refusal = row["refusal"].text
        boost.nextActionAt = row["next_action_at"].time
        return boost
    }
}
