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

    /// The services themselves, up to `limit`.
    package func cases(limit: Int) async throws -> [Case] {
        try await transaction.query(
            "SELECT tenant_id, kind, service_id, customer_id FROM billing_exposure ORDER BY kind, tenant_id, service_id LIMIT $1",
            [.int8(Int64(limit))]
        ).map {
            Case(
                tenantID: try $0.need("tenant_id") { $0.id() },
                kind: try $0.choice("kind"),
                serviceID: try $0.need("service_id") { $0.id() },
                customerID: try $0.need("customer_id") { $0.id() }
            )
        }
    }
}
