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

    /// Stores a payment; see the other form.
    package func insert(_ payment: StoredPayment) async throws -> (payment: StoredPayment, isNew: Bool) {
        try await insert([payment]).first.found()
    }

    /// Stores payments of so many requests, in their order. Where the same request stored one meanwhile that one is returned, and
    /// `isNew` is false; so for the second of two payments of one request.
    package func insert(_ payments: [StoredPayment]) async throws -> [(payment: StoredPayment, isNew: Bool)] {
        var made = try await inserted(payments)
        let others = payments.filter { made[$0.id] == nil }
        let earlier = others.isEmpty ? [:] : try await find(requestsOf: others)
        return try payments.map { payment in
            if let new = made.removeValue(forKey: payment.id) { return (new, true) }
            guard let stored = earlier[payment.requestKey ?? ""], stored.tenantID == payment.tenantID else {
                throw PersistenceError.alreadyExists(constraint: "payments_request")
            }
            return (stored, false)
        }
    }

    private func inserted(_ payments: [StoredPayment]) async throws -> [PaymentID: StoredPayment] {
        let rows = try await transaction.query(
            """
            INSERT INTO payments AS r (tenant_id, id, customer_id, amount, currency, method, gateway, external_id,
                gateway_event_id, refund_of, status, transfer_id, shift_id, request_key, description, metadata, failure,
                created_by, created_at, completed_at)
            SELECT q.tenant, q.id, q.customer, q.amount, q.currency, q.method, q.gateway, q.external, q.event, q.refund,
                q.status, q.transfer, q.shift, q.request, q.description, q.metadata::jsonb, q.failure, q.creator, q.created,
                q.completed
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::text[],
                $17::text[], $18::uuid[], $19::timestamptz[], $20::timestamptz[]) AS q (tenant, id, customer, amount,
                currency, method, gateway, external, event, refund, status, transfer, shift, request, description, metadata,
                failure, creator, created, completed)
            ON CONFLICT ON CONSTRAINT payments_request DO NOTHING RETURNING \(StoredPayment.columns)
            """,
            [
                .uuids(payments.map(\.tenantID.value)), .uuids(payments.map(\.id.value)),
                .uuids(payments.map(\.customerID?.value)), .int8Array(payments.map(\.amount.tenThousandths)),
                .textArray(payments.map(\.amount.currency.code)), .textArray(payments.map(\.method.rawValue)),
                .textArray(payments.map(\.gateway)), .textArray(payments.map(\.externalID)),
                .textArray(payments.map(\.gatewayEventID)), .uuids(payments.map(\.refundOf?.value)),
                .textArray(payments.map(\.state.status.rawValue)), .uuids(payments.map(\.state.transferID?.value)),
                .uuids(payments.map(\.shiftID?.value)), .textArray(payments.map(\.requestKey)),
                .textArray(payments.map(\.description)),
                .textArray(payments.map { LedgerColumns.metadataText($0.metadata) }),
                .textArray(payments.map(\.state.failure)), .uuids(payments.map(\.createdBy.value)),
                .timestamptzArray(payments.map(\.createdAt.microseconds)),
                .timestamptzArray(payments.map { $0.completedAt?.microseconds }),
            ]
        ).map { try StoredPayment($0) }
        return Dictionary(rows.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// By their requests' keys.
    private func find(requestsOf payments: [StoredPayment]) async throws -> [String: StoredPayment] {
        let rows = try await transaction.query(
            """
            SELECT \(StoredPayment.columns) FROM unnest($1::uuid[], $2::text[]) AS q (tenant, request)
            JOIN payments r ON r.tenant_id = q.tenant AND r.request_key = q.request
            """,
            [.uuids(payments.map(\.tenantID.value)), .textArray(payments.map(\.requestKey))]
        ).map { try StoredPayment($0) }
        return Dictionary(rows.map { ($0.requestKey ?? "", $0) }, uniquingKeysWith: { $1 })
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
}
