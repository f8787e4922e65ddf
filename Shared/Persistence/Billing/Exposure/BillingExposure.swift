package import Billing
package import Domain
package import Postgres

/// Where money and the network disagree.
package struct BillingExposure: Sendable {
    /// Its raw value is what the view and the gauge say.
    package enum Kind: String, Sendable, CaseIterable {
        /// Paid for, and kept out of the network by the service's status.
        case paidOffline = "paid_offline"
        /// Suspended, paused or over, and with an open session all the same.
        case unpaidOnline = "unpaid_online"
    }

    /// How many services of a tenant stand so.
    package struct Count: Hashable, Sendable {
        package let tenantID: TenantID
        package let kind: Kind
        package let services: Int64
    }

    /// A service that stands so.
    package struct Case: Hashable, Sendable {
        package let tenantID: TenantID
        package let kind: Kind
        package let serviceID: ServiceID
        package let customerID: CustomerID
        package let subscriptionID: SubscriptionID
        /// As it is now; nil when the service is gone.
        package let username: String?
        package let serviceStatus: String?
        package let subscriptionState: String?

        init(_ row: PGRow) throws {
            tenantID = try row.need("tenant_id") { $0.id() }
            kind = try row.choice("kind")
            serviceID = try row.need("service_id") { $0.id() }
            customerID = try row.need("customer_id") { $0.id() }
            subscriptionID = try row.need("subscription_id") { $0.id() }
            username = row["username"].text
            serviceStatus = row["service_status"].text
            subscriptionState = row["subscription_state"].text
        }
    }

    private let transaction: ScopedTransaction

    /// Reads through that executor, with its rights: all tenants as nexora_billing.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// Reads in that transaction: its tenants'.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// By tenant and kind; tenants without any are left out.
    package func counts() async throws -> [Count] {
        try await transaction.query(
            "SELECT tenant_id, kind, count(*) AS services FROM billing_exposure GROUP BY tenant_id, kind ORDER BY 1, 2"
        ).map {
            Count(
                tenantID: try $0.need("tenant_id") { $0.id() },
                kind: try $0.choice("kind"),
                services: try $0.need("services", \.int64)
            )
        }
    }

    /// The services themselves, up to `limit`, by kind, tenant and service; of one kind where one is named. Within a tenant's scope: the
    /// worker's role reads no names.
    package func cases(_ kind: Kind? = nil, limit: Int) async throws -> [Case] {
        try await transaction.query(
            """
            SELECT r.tenant_id, r.kind, r.service_id, r.customer_id, r.subscription_id, v.username, v.status AS service_status,
                s.state AS subscription_state
            FROM billing_exposure r
            LEFT JOIN services v ON v.tenant_id = r.tenant_id AND v.id = r.service_id
            LEFT JOIN subscriptions s ON s.tenant_id = r.tenant_id AND s.id = r.subscription_id
            WHERE $1::text IS NULL OR r.kind = $1
            ORDER BY r.kind, r.tenant_id, r.service_id LIMIT $2
            """,
            [.text(kind?.rawValue), .int8(Int64(limit))]
        ).map { try Case($0) }
    }
}
