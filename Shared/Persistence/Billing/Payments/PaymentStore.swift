package import Billing
package import Domain
import Ledger
import Postgres

/// The payments of one scope.
package struct PaymentStore {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The payment of that id, locked against other writers when asked for.
    package func find(_ id: PaymentID, forUpdate: Bool = false) async throws -> StoredPayment? {
        try await transaction.query(
            """
            SELECT \(StoredPayment.columns) FROM payments r
            WHERE r.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND r.id = $1\(forUpdate ? " FOR UPDATE" : "")
            """,
            [.id(id)]
        ).first.map { try StoredPayment($0) }
    }

    /// What a request made before.
    package func find(request key: String, in tenant: TenantID) async throws -> StoredPayment? {
        try await transaction.query(
            "SELECT \(StoredPayment.columns) FROM payments r WHERE r.tenant_id = $1 AND r.request_key = $2",
            [.id(tenant), .text(key)]
        ).first.map { try StoredPayment($0) }
    }

    /// Stores a payment. Where the same request stored one meanwhile that one is returned, and `isNew` is false.
    package func insert(_ payment: StoredPayment) async throws -> (payment: StoredPayment, isNew: Bool) {
        let made = try await transaction.query(
            """
            INSERT INTO payments AS r (tenant_id, id, customer_id, amount, currency, method, gateway, external_id,
                gateway_event_id, refund_of, status, transfer_id, shift_id, request_key, description, metadata, failure,
                created_by, created_at, completed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::text::jsonb, $17, $18, $19, $20)
            ON CONFLICT ON CONSTRAINT payments_request DO NOTHING RETURNING \(StoredPayment.columns)
            """,
            [
                .id(payment.tenantID), .id(payment.id), .id(payment.customerID),
                .int8(payment.amount.tenThousandths), .text(payment.amount.currency.code),
                .text(payment.method.rawValue), .text(payment.gateway), .text(payment.externalID),
                .text(payment.gatewayEventID), .id(payment.refundOf), .text(payment.state.status.rawValue),
                .id(payment.state.transferID), .id(payment.shiftID), .text(payment.requestKey),
                .text(payment.description), .text(LedgerColumns.metadataText(payment.metadata)),
                .text(payment.state.failure), .id(payment.createdBy), .time(payment.createdAt),
                .time(payment.completedAt),
            ]
        ).first
        if let made { return (try StoredPayment(made), true) }
        guard let key = payment.requestKey, let stored = try await find(request: key, in: payment.tenantID) else {
            throw PersistenceError.alreadyExists(constraint: "payments_request")
        }
        return (stored, false)
    }

    /// Changes what may change of a payment: its state, and what its gateway calls it. Whoever comes at the same time waits. Throws
    /// `notFound`, and what `edit` throws.
    package func update(
        _ id: PaymentID,
        at now: Timestamp,
        _ edit: (inout StoredPayment) throws -> Void
    ) async throws -> Change<StoredPayment> {
        let before = try await find(id, forUpdate: true).found()
        var payment = before
        try edit(&payment)
        if payment == before { return Change(before: before, after: before) }
        if payment.state.status.isFinal { payment.completedAt = now }
        let rows = try await transaction.query(
            """
            UPDATE payments r SET status = $3, transfer_id = $4, external_id = $5, gateway_event_id = $6, failure = $7,
                completed_at = $8
            WHERE r.tenant_id = $1 AND r.id = $2 RETURNING \(StoredPayment.columns)
            """,
            [
                .id(before.tenantID), .id(before.id), .text(payment.state.status.rawValue),
                .id(payment.state.transferID), .text(payment.externalID), .text(payment.gatewayEventID),
                .text(payment.state.failure), .time(payment.completedAt),
            ]
        )
        return Change(before: before, after: try StoredPayment(try rows.first.found()))
    }

    /// What was given back of a payment, or is on its way back.
    package func refunded(of payment: StoredPayment) async throws -> Money {
        let row = try await transaction.query(
            """
            SELECT coalesce(sum(amount), 0)::bigint AS refunded FROM payments
            WHERE tenant_id = $1 AND refund_of = $2 AND status NOT IN ('failed', 'cancelled')
            """,
            [.id(payment.tenantID), .id(payment.id)]
        ).first.found()
        return try LedgerColumns.money(row, "refunded", payment.amount.currency)
    }

    /// Ends every payment of the scope that the ledger has answered without anybody hearing of it.
    package func settle(at now: Timestamp) async throws -> [StoredPayment] {
        try await transaction.query(
            """
            UPDATE payments r SET status = CASE k.outcome WHEN 'posted' THEN 'completed' ELSE 'failed' END,
                failure = CASE k.outcome WHEN 'posted' THEN NULL ELSE k.outcome END, completed_at = $1
            FROM ledger_keys k
            WHERE r.status = 'processing' AND r.transfer_id IS NOT NULL AND k.tenant_id = r.tenant_id
                AND k.key = 'payment:' || r.id::text
            RETURNING \(StoredPayment.columns)
            """,
            [.time(now)]
        ).map { try StoredPayment($0) }
    }
}
