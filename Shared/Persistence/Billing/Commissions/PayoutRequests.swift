package import Billing
package import Domain
import Ledger
import Postgres

/// Payout requests within one scope (table payout_requests).
package struct PayoutRequests {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = """
        p.tenant_id, p.id, p.amount, p.currency, p.note, p.status, p.requested_by, p.requested_at, p.decided_by, p.decided_at,
        p.reason, p.gateway, p.attempt, p.transfer_id, p.paid_at
        """

    /// Stores one that was just asked for. Throws `notFound` for a tenant outside the scope.
    package func insert(_ payout: PayoutRequest) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO payout_requests (tenant_id, id, amount, currency, note, requested_by, requested_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .id(payout.tenantID), .id(payout.id), .int8(payout.amount.tenThousandths),
                .text(payout.amount.currency.code), .text(payout.note), .id(payout.requestedBy),
                .time(payout.requestedAt),
            ]
        )
    }

    /// One of the scope, locked until the transaction ends where it is about to change.
    package func find(_ id: PayoutID, forUpdate: Bool = false) async throws -> PayoutRequest? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM payout_requests p WHERE p.id = $1\(forUpdate ? " FOR UPDATE" : "")",
            [.id(id)]
        ).first.map(Self.payout)
    }

    /// Keeps what became of one that was read for it. Throws `notFound` where whoever decides does not stand above.
    package func update(_ payout: PayoutRequest) async throws {
        let rows = try await transaction.query(
            """
            UPDATE payout_requests SET status = $3, decided_by = $4::uuid, decided_at = $5::timestamptz, reason = $6::text,
                gateway = $7::text, attempt = $8, transfer_id = $9::uuid, paid_at = $10::timestamptz
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(payout.tenantID), .id(payout.id), .text(payout.status.rawValue), .id(payout.decidedBy),
                .time(payout.decidedAt), .text(payout.reason), .text(payout.gateway),
                .int4(Int32(clamping: payout.attempt)), .id(payout.transferID), .time(payout.paidAt),
            ]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Up to `limit` of the scope, the newest first, behind the one named; of one tenant and one status where they are given.
    package func list(
        of tenant: TenantID?,
        status: PayoutRequest.Status?,
        after: PayoutID?,
        limit: Int
    ) async throws -> [PayoutRequest] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM payout_requests p
            WHERE ($1::uuid IS NULL OR p.tenant_id = $1) AND ($2::text IS NULL OR p.status = $2)
                AND ($3::uuid IS NULL OR p.id < $3)
            ORDER BY p.id DESC LIMIT $4
            """,
            [.id(tenant), .text(status?.rawValue), .id(after), .int8(Int64(limit))]
        ).map(Self.payout)
    }

    /// What a tenant has asked for and is neither paid nor refused yet, by currency.
    package func open(of tenant: TenantID) async throws -> [Currency: Money] {
        let rows = try await transaction.query(
            """
            SELECT p.currency, sum(p.amount)::bigint AS amount FROM payout_requests p
            WHERE p.tenant_id = $1 AND p.status IN ('requested', 'approved') GROUP BY p.currency
            """,
            [.id(tenant)]
        )
        var open: [Currency: Money] = [:]
        for row in rows {
            let currency = try LedgerColumns.currency(row, "currency")
            open[currency] = try LedgerColumns.money(row, "amount", currency)
        }
        return open
    }

    private static func payout(_ row: PGRow) throws -> PayoutRequest {
        PayoutRequest(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            amount: try LedgerColumns.money(row, "amount", LedgerColumns.currency(row, "currency")),
            note: try row.need("note", \.text),
            requestedBy: try row.need("requested_by") { $0.id() },
            requestedAt: try row.need("requested_at", \.time),
            status: try row.choice("status"),
            decidedBy: row["decided_by"].id(),
            decidedAt: row["decided_at"].time,
            reason: row["reason"].text,
            gateway: row["gateway"].text,
            attempt: try row.need("attempt", \.int),
            transferID: row["transfer_id"].id(),
            paidAt: row["paid_at"].time
        )
    }
}
