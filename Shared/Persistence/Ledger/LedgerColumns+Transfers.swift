import Domain
import Ledger
import Postgres

/// Transfers with their legs, and what later ones took back of them.
extension LedgerColumns {
    /// The transfers that two arrays name, tenants and ids.
    static let knownTransfers = """
        SELECT t.tenant_id, t.id, t.lane, t.kind, t.currency, l.leg_tenants, l.leg_accounts, l.leg_amounts,
            EXISTS (SELECT FROM ledger_transfers r
                WHERE r.tenant_id = t.tenant_id AND r.target_id = t.id AND r.kind = 'reverse') AS is_reversed,
            (SELECT coalesce(sum(e.amount), 0)::bigint FROM ledger_transfers r
                JOIN ledger_entries e ON e.lane = r.lane AND e.batch = r.batch AND e.place = r.place AND e.leg = 0
                WHERE r.tenant_id = t.tenant_id AND r.target_id = t.id AND r.kind = 'refund') AS refunded
        FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
        JOIN ledger_transfers t ON t.tenant_id = q.tenant_id AND t.id = q.id
        \(legs)
        """

    /// A refund's first leg is what its payer got back.
    static func knownTransfer(_ row: PGRow) throws -> KnownTransfer {
        KnownTransfer(
            ref: TransferRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("id") { $0.id() }),
            kind: try row.choice("kind"),
            legs: try legs(row),
            isReversed: try row.need("is_reversed", \.bool),
            refunded: try row.need("refunded", \.int64)
        )
    }

    /// Of ledger_transfers `t` with its hold `h`.
    static let transfer = """
        t.kind, t.effective_at, t.recorded_at, t.target_id, \(details), \(exchange), h.account_id AS hold_account,
        h.amount AS hold_amount, h.currency AS hold_currency, h.expires_at
        """

    static let holdOfTransfer =
        "LEFT JOIN ledger_holds h ON t.kind = 'hold' AND h.tenant_id = t.tenant_id AND h.id = t.id AND h.lane = t.lane"

    static func transfer(_ row: PGRow) throws -> TransferRow {
        let kind: TransferKind = try row.choice("kind")
        var terms: HoldTerms?
        if kind == .hold {
            terms = HoldTerms(
                accountID: try row.need("hold_account") { $0.id() },
                amount: try money(row, "hold_amount", currency(row, "hold_currency")),
                expiresAt: row["expires_at"].time
            )
        }
        return TransferRow(
            kind: kind,
            effectiveAt: try row.need("effective_at", \.time),
            recordedAt: try row.need("recorded_at", \.time),
            details: try details(row),
            target: row["target_id"].id(),
            hold: terms,
            exchange: try exchange(row)
        )
    }

    /// The legs of ledger_transfers `t`, in their order, as three arrays.
    static let legs = """
        CROSS JOIN LATERAL (
            SELECT array_agg(e.tenant_id ORDER BY e.leg) AS leg_tenants, array_agg(e.account_id ORDER BY e.leg) AS leg_accounts,
                array_agg(e.amount ORDER BY e.leg) AS leg_amounts
            FROM ledger_entries e WHERE e.lane = t.lane AND e.batch = t.batch AND e.place = t.place
        ) AS l
        """

    static func legs(_ row: PGRow) throws -> [Leg] {
        let currency = try currency(row, "currency")
        let tenants = row["leg_tenants"].uuidArray ?? []
        let accounts = row["leg_accounts"].uuidArray ?? []
        let amounts = row["leg_amounts"].int8Array ?? []
        return try zip(tenants, zip(accounts, amounts)).map { tenant, rest in
            guard let tenant, let account = rest.0, let amount = rest.1,
                let money = try? Money(tenThousandths: amount, currency: currency)
            else { throw UnexpectedRow(column: "leg_amounts") }
            return Leg(
                AccountRef(
                    tenantID: TenantID(UUID128(high: tenant.high, low: tenant.low)),
                    id: LedgerAccountID(UUID128(high: account.high, low: account.low))
                ),
                money
            )
        }
    }
}
