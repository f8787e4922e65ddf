package import Domain
package import Ledger
package import Postgres

/// The holds of a lane whose time is over and of which something is left, for whoever ends them (``Hold/expiry(id:)``).
package struct LedgerHoldsDue {
    /// Where a page ended: behind a hold.
    package struct Cursor: Hashable, Sendable {
        let expiresAt: Timestamp
        let ref: TransferRef
    }

    /// Some holds, the longest over first, and where the next page begins; nil behind the last.
    package struct Page: Hashable, Sendable {
        package let holds: [Hold]
        package let next: Cursor?
    }

    private let transaction: ScopedTransaction

    /// Reads through that executor, as nexora_billing.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// Up to `limit` holds that were over at `now`, by the clock of whoever writes the lane. A hold that ends between two pages may
    /// be on neither; from the beginning it is found.
    package func page(of lane: Lane, at now: Timestamp, after cursor: Cursor? = nil, limit: Int) async throws -> Page {
        precondition(limit > 0, "a page has room")
        let rows = try await transaction.query(
            """
            SELECT \(LedgerColumns.hold) FROM ledger_lanes l JOIN ledger_holds h ON h.lane = l.lane
            WHERE l.tenant_id = $1 AND l.currency = $2 AND h.captured + h.released < h.amount AND h.expires_at IS NOT NULL
                AND h.expires_at <= $3 AND ($4::timestamptz IS NULL OR h.expires_at >= $4)
                AND ($4::timestamptz IS NULL OR (h.expires_at, h.tenant_id, h.id) > ($4, $5::uuid, $6::uuid))
            ORDER BY h.expires_at, h.tenant_id, h.id LIMIT $7
            """,
            [
                .id(lane.rootID), .text(lane.currency.code), .timestamptz(now.microseconds),
                .optional(cursor) { .timestamptz($0.expiresAt.microseconds) },
                .optional(cursor) { .id($0.ref.tenantID) }, .optional(cursor) { .id($0.ref.id) }, .int8(Int64(limit)),
            ]
        )
        let holds = try rows.map(LedgerColumns.hold)
        guard holds.count == limit, let last = holds.last, let expiresAt = last.terms.expiresAt else {
            return Page(holds: holds, next: nil)
        }
        return Page(holds: holds, next: Cursor(expiresAt: expiresAt, ref: last.ref))
    }
}
