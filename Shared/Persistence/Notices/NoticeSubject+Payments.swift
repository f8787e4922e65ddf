import Domain
import Postgres

/// Payments and new services, looked at again.
extension NoticeSources {
    /// One that was given back as a whole was not received; one that failed is of no interest once as much was paid.
    func payment(
        _ id: UUID128,
        _ isReceived: Bool,
        in tenant: TenantID
    ) async throws(StorageFault) -> NoticeVerdict {
        try await verdict(
            """
            SELECT r.status, r.currency, w.available,
                (SELECT coalesce(sum(b.amount), 0) FROM payments b WHERE b.tenant_id = r.tenant_id AND b.refund_of = r.id
                    AND b.status NOT IN ('failed', 'cancelled')) >= r.amount AS is_reversed,
                EXISTS (SELECT FROM payments p WHERE p.tenant_id = r.tenant_id AND p.customer_id = r.customer_id
                    AND p.status = 'completed' AND p.refund_of IS NULL AND p.currency = r.currency AND p.amount >= r.amount
                    AND p.completed_at >= r.completed_at AND p.id <> r.id) AS was_paid
            FROM payments r LEFT JOIN LATERAL (SELECT a.balance - a.held AS available FROM ledger_accounts a
                WHERE a.tenant_id = r.tenant_id AND a.owner_id = r.customer_id AND a.owner_kind = 'customer'
                    AND a.kind = 'wallet' AND a.currency = r.currency LIMIT 1) w ON true
            WHERE r.tenant_id = $1 AND r.id = $2
            """,
            [.id(tenant), Self.uuid(id)]
        ) { row in
            let status = try row.need("status", \.text)
            guard isReceived else {
                guard status == "failed" else { return .ended(status) }
                return try row.need("was_paid", \.bool) ? .ended("paid_since") : .holds
            }
            guard status == "completed" else { return .ended(status) }
            return try row.need("is_reversed", \.bool) ? .ended("reversed") : .holdsAs(try Self.moment(row))
        }
    }

    /// A service that was suspended or ended meanwhile welcomes nobody.
    func activation(_ id: ServiceID, in tenant: TenantID) async throws(StorageFault) -> NoticeVerdict {
        try await verdict(
            """
            SELECT v.status, EXISTS (SELECT FROM users u WHERE u.tenant_id = v.tenant_id AND u.customer_id = v.customer_id
                AND u.is_active AND u.deleted_at IS NULL) AS has_pages
            FROM services v WHERE v.tenant_id = $1 AND v.id = $2
            """,
            [.id(tenant), .id(id)]
        ) { row in
            let status = try row.need("status", \.text)
            guard status == "active" else { return .ended(status) }
            var moment = NoticeMoment()
            moment.hasPages = try row.need("has_pages", \.bool)
            return .holdsAs(moment)
        }
    }

    /// What is available, where the row says so.
    static func moment(_ row: PGRow) throws -> NoticeMoment {
        var moment = NoticeMoment()
        if let available = row["available"].int64, let code = row["currency"].text, let currency = try? Currency(code) {
            moment.balance = try? Money(tenThousandths: available, currency: currency)
        }
        return moment
    }
}
