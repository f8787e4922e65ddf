package import Billing
package import Domain
import Postgres

/// A rate as it was set for a tenant.
package struct StoredCommissionRate: Hashable, Sendable {
    package let tenantID: TenantID
    /// Counts from 1 for each tenant.
    package let number: Int64
    /// Nil: none from then on, so that his share is that of who stands above him.
    package let rate: CommissionRate?
    package let validFrom: Timestamp
    package let setAt: Timestamp
    package let setBy: UserID

    package init(
        tenantID: TenantID,
        number: Int64,
        rate: CommissionRate?,
        validFrom: Timestamp,
        setAt: Timestamp,
        setBy: UserID
    ) {
        self.tenantID = tenantID
        self.number = number
        self.rate = rate
        self.validFrom = validFrom
        self.setAt = setAt
        self.setBy = setBy
    }
}

/// Why a rate was not set.
package enum CommissionRefusal: Error, Hashable, Sendable {
    /// More than whoever sets it, or somebody between, has himself.
    case aboveLimit(CommissionRate)
    /// It would count from before now.
    case inThePast
}

/// The rates within one scope (table commission_rates).
package struct CommissionRates {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = "r.tenant_id, r.number, r.rate, r.valid_from, r.set_at, r.set_by"

    // MARK: - Reading

    /// What holds for a tenant at a moment; nil where nothing was set by then.
    package func current(of tenant: TenantID, at moment: Timestamp) async throws -> StoredCommissionRate? {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM commission_rates r WHERE r.tenant_id = $1 AND r.valid_from <= $2
            ORDER BY r.valid_from DESC, r.number DESC LIMIT 1
            """,
            [.id(tenant), .time(moment)]
        ).first.map(Self.stored)
    }

    /// Up to `limit` of what was set for a tenant, the newest first, before number `before` where it is given.
    package func history(of tenant: TenantID, before: Int64?, limit: Int) async throws -> [StoredCommissionRate] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM commission_rates r WHERE r.tenant_id = $1 AND r.number < $2
            ORDER BY r.number DESC LIMIT $3
            """,
            [.id(tenant), .int8(before ?? .max), .int8(Int64(limit))]
        ).map(Self.stored)
    }

    /// How often a tenant's rate was set: what a change is made from.
    package func version(of tenant: TenantID) async throws -> Int64 {
        try await history(of: tenant, before: nil, limit: 1).first?.number ?? 0
    }

    /// The highest rate that a tenant may set for one below him at a moment; nil for one that is not below anybody here.
    package func limit(for tenant: TenantID, setBy setter: TenantID, at moment: Timestamp) async throws
        -> CommissionRate?
    {
        try await transaction.query(
            "SELECT commission_limit($1, $2, $3) AS rate",
            [.id(setter), .id(tenant), .time(moment)]
        ).first.flatMap(Self.rate)
    }

    /// How an amount that a customer of a tenant pays would be shared at a moment, as far as the scope's root sees: the shares of the
    /// tenants up to the root, and last that of everybody above them together, or the operator's own where he is the root. `rate`
    /// stands for the tenant's own where it is given; a rate of nil inside is none.
    package func preview(
        _ amount: Money,
        paidIn tenant: TenantID,
        at moment: Timestamp,
        with rate: CommissionRate?? = nil
    ) async throws -> CommissionPreview? {
        let rows = try await transaction.query(
            """
            WITH RECURSIVE up AS (
                SELECT t.id, t.parent_id, 0 AS height FROM tenants t WHERE t.id = $1
                UNION ALL SELECT t.id, t.parent_id, u.height + 1 FROM up u JOIN tenants t ON t.id = u.parent_id
            )
            SELECT u.id, u.parent_id IS NULL AS is_operator, commission_rate(u.id, $2) AS rate FROM up u ORDER BY u.height
            """,
            [.id(tenant), .time(moment)]
        )
        guard let last = rows.last else { return nil }
        let (root, isOperators): (TenantID, Bool) = (
            try last.need("id") { $0.id() }, try last.need("is_operator", \.bool)
        )
        // What stands above the root bounds it, and is not told.
        let bound = try await limit(for: root, setBy: root, at: moment) ?? .all
        var levels: [CommissionChain.Level] = []
        for row in rows where try !row.need("is_operator", \.bool) {
            let id: TenantID = try row.need("id") { $0.id() }
            var own = try Self.rate(row)
            if id == tenant, let rate { own = rate }
            levels.append(.init(id, own.map { min($0, bound) }))
        }
        guard let split = CommissionSplit(amount, along: CommissionChain(operatorID: root, levels: levels)) else {
            return nil
        }
        return CommissionPreview(split: split, isWhole: isOperators)
    }

    // MARK: - Setting

    /// Sets the rate of a tenant below the scope's root from a moment on; `setter` is that root. Throws `TenancyError` for one
    /// that is not below and for another version than it was made from, `CommissionRefusal`, and `notFound` outside the scope.
    package func set(
        _ rate: CommissionRate?,
        of tenant: TenantID,
        from validFrom: Timestamp,
        ifVersion: Int64?,
        setter: TenantID,
        by user: UserID,
        now: Timestamp
    ) async throws -> StoredCommissionRate {
        let row = try await transaction.query(
            "SELECT parent_id = ANY (visible_tenants()) AS below FROM tenants WHERE id = $1 FOR UPDATE",
            [.id(tenant)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        guard row["below"].bool == true else { throw TenancyError.notBelow }
        let version = try await version(of: tenant)
        if let ifVersion, ifVersion != version { throw TenancyError.versionConflict(current: version) }
        guard validFrom >= now else { throw CommissionRefusal.inThePast }
        if let rate, let limit = try await limit(for: tenant, setBy: setter, at: validFrom), rate > limit {
            throw CommissionRefusal.aboveLimit(limit)
        }
        let stored = StoredCommissionRate(
            tenantID: tenant,
            number: version + 1,
            rate: rate,
            validFrom: validFrom,
            setAt: now,
            setBy: user
        )
        _ = try await transaction.query(
            """
            INSERT INTO commission_rates (tenant_id, number, rate, valid_from, set_at, set_by)
            VALUES ($1, $2, $3::integer, $4, $5, $6)
            """,
            [
                .id(tenant), .int8(stored.number), rate.map { .int4(Int32($0.millionths)) } ?? .null,
                .time(validFrom), .time(now), .id(user),
            ]
        )
        return stored
    }

    // MARK: - Rows

    /// The column `rate`, which may be NULL.
    static func rate(_ row: PGRow) throws -> CommissionRate? {
        guard !row["rate"].isNull else { return nil }
        return try row.need("rate") { cell in cell.int32.flatMap { CommissionRate(millionths: Int($0)) } }
    }

    private static func stored(_ row: PGRow) throws -> StoredCommissionRate {
        StoredCommissionRate(
            tenantID: try row.need("tenant_id") { $0.id() },
            number: try row.need("number", \.int64),
            rate: try rate(row),
            validFrom: try row.need("valid_from", \.time),
            setAt: try row.need("set_at", \.time),
            setBy: try row.need("set_by") { $0.id() }
        )
    }
}

/// How an amount would be shared, as far as somebody sees.
package struct CommissionPreview: Hashable, Sendable {
    package let split: CommissionSplit
    /// The last share is the operator's alone; otherwise that of everybody above together.
    package let isWhole: Bool
}
