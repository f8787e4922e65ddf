package import Billing
package import Domain
package import Ledger
import Postgres

/// Which subscriptions are listed; nil leaves a member open.
package struct SubscriptionFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var customerID: CustomerID?
    package var serviceID: ServiceID?
    package var state: Subscription.State?

    package init() {}
}

/// Which bills are listed; nil leaves a member open.
package struct BillFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var customerID: CustomerID?
    package var subscriptionID: SubscriptionID?
    package var status: Bill.Status?

    package init() {}
}

/// A bill as it is stored, with whose it is and what paid it.
package struct StoredBill: Hashable, Sendable {
    package let tenantID: TenantID
    package let subscriptionID: SubscriptionID
    package let customerID: CustomerID
    package let bill: Bill
    /// The ledger's transfer that paid it.
    package let transferID: TransferID?
    /// How it was paid: `e_wallet`, `cash` or `transfer`; nil while it is not, or where its credit paid it.
    package let method: String?
    package let notes: String
}

extension SubscriptionStore {
    /// Up to `limit` subscriptions of the scope, the newest first, behind the one named.
    package func list(
        _ filter: SubscriptionFilter,
        after: SubscriptionID?,
        limit: Int
    ) async throws -> [SubscriptionRow] {
        try await rows(
            """
            WHERE ($1::uuid IS NULL OR s.tenant_id = $1) AND ($2::uuid IS NULL OR s.customer_id = $2)
                AND ($3::uuid IS NULL OR s.service_id = $3) AND ($4::text IS NULL OR s.state = $4)
                AND ($5::uuid IS NULL OR s.id < $5)
            ORDER BY s.id DESC LIMIT $6
            """,
            [
                .id(filter.tenantID), .id(filter.customerID), .id(filter.serviceID), .text(filter.state?.rawValue),
                .id(after), .int8(Int64(limit)),
            ]
        )
    }

    /// Up to `limit` bills of the scope, the newest first, behind the one named.
    package func bills(_ filter: BillFilter, after: BillID?, limit: Int) async throws -> [StoredBill] {
        try await transaction.query(
            """
            SELECT \(SubscriptionColumns.bill) FROM bills b
            WHERE ($1::uuid IS NULL OR b.tenant_id = $1) AND ($2::uuid IS NULL OR b.customer_id = $2)
                AND ($3::uuid IS NULL OR b.subscription_id = $3) AND ($4::text IS NULL OR b.status = $4)
                AND ($5::uuid IS NULL OR b.id < $5)
            ORDER BY b.id DESC LIMIT $6
            """,
            [
                .id(filter.tenantID), .id(filter.customerID), .id(filter.subscriptionID),
                .text(filter.status?.rawValue), .id(after), .int8(Int64(limit)),
            ]
        ).map(Self.stored)
    }

    /// The bill of that id. Nil where there is none in sight.
    package func bill(_ id: BillID) async throws -> StoredBill? {
        try await transaction.query("SELECT \(SubscriptionColumns.bill) FROM bills b WHERE b.id = $1", [.id(id)])
            .first.map(Self.stored)
    }

    /// Keeps what people write to a bill.
    package func note(_ notes: String, on bill: StoredBill) async throws {
        _ = try await transaction.query(
            "UPDATE bills SET notes = $3 WHERE tenant_id = $1 AND id = $2",
            [.id(bill.tenantID), .id(bill.bill.id), .text(notes)]
        )
    }

    private static func stored(_ row: PGRow) throws -> StoredBill {
        StoredBill(
            tenantID: try row.need("tenant_id") { $0.id() },
            subscriptionID: try row.need("subscription_id") { $0.id() },
            customerID: try row.need("customer_id") { $0.id() },
            bill: try SubscriptionColumns.bill(row),
            transferID: row["transfer_id"].id(),
            method: row["method"].text,
            notes: try row.need("notes", \.text)
        )
    }
}
