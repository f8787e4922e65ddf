package import Billing
package import Domain
import Postgres

/// A charge that waits for the ledger.
package struct QuotaOrder: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case overage
        case topUp = "top_up"
        case grant
    }

    package let tenantID: TenantID
    package let id: QuotaOrderID
    package let serviceID: ServiceID
    package let customerID: CustomerID
    package let quotaID: QuotaID
    package let kind: Kind
    package let price: Money
    /// The operator whose lane the price is moved in.
    package let rootID: TenantID
    /// How often the ledger refused it.
    package let refusals: Int32

    package var service: ServiceRef { ServiceRef(tenantID: tenantID, serviceID: serviceID) }
}

/// Orders: what is owed beyond an allowance, and what is bought or granted on top of one.
enum QuotaOrders {
    /// Units beyond an allowance.
    struct Overage: Sendable {
        let service: ServiceRef
        let customerID: CustomerID
        let quotaID: QuotaID
        let window: QuotaWindow
        let units: ClosedRange<Int64>
        let price: Money

        /// Nil for a quota that bills nothing. A price that is more than money can be is the most that it can be.
        init?(_ subject: QuotaSubject, _ quota: QuotaDefinition, _ use: QuotaUse, _ units: ClosedRange<Int64>) {
            guard case .bill(let price, _) = quota.policy else { return nil }
            let (product, overflow) = price.tenThousandths.multipliedReportingOverflow(by: Int64(units.count))
            let amount = overflow ? Money.range.upperBound : min(product, Money.range.upperBound)
            guard let total = try? Money(tenThousandths: amount, currency: price.currency) else { return nil }
            service = subject.ref
            customerID = subject.customerID
            quotaID = quota.id
            window = use.window
            self.units = units
            self.price = total
        }
    }

    static func insert(_ orders: [Overage]) -> PGStatement {
        PGStatement(
            """
            INSERT INTO quota_orders (tenant_id, service_id, customer_id, quota_id, window_start, first_unit, last_unit, price,
                currency, kind)
            SELECT *, 'overage' FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[],
                $7::bigint[], $8::bigint[], $9::text[])
            """,
            orders.map(\.service).columns + [
                .uuids(orders.map(\.customerID.value)), .uuids(orders.map(\.quotaID.value)),
                .timestamptzArray(orders.map(\.window.start.microseconds)), .int8Array(orders.map(\.units.lowerBound)),
                .int8Array(orders.map(\.units.upperBound)), .int8Array(orders.map(\.price.tenThousandths)),
                .textArray(orders.map(\.price.currency.code)),
            ]
        )
    }
}

extension QuotaStore {
    /// A charge that the ledger refused is tried again after this.
    package static let retry = Duration.seconds(900)

    /// Charges that are due, the oldest of each tenant first.
    package func pendingOrders(now: Timestamp, limit: Int) async throws(StorageFault) -> [QuotaOrder] {
        let rows = try await query(
            """
            SELECT o.tenant_id, o.id, o.service_id, o.customer_id, o.quota_id, o.kind, o.price, o.currency, o.refusals,
                operator_tenant() AS root_id
            FROM quota_orders o WHERE o.state = 'pending' AND o.due_at <= $1 ORDER BY o.tenant_id, o.due_at, o.id LIMIT $2
            """,
            [.timestamptz(now.microseconds), .int8(Int64(limit))]
        )
        do {
            return try rows.map { row in
                let currency = try row.need("currency") { cell in cell.text.flatMap { try? Currency($0) } }
                return QuotaOrder(
                    tenantID: try row.need("tenant_id") { $0.id() },
                    id: try row.need("id") { $0.id() },
                    serviceID: try row.need("service_id") { $0.id() },
                    customerID: try row.need("customer_id") { $0.id() },
                    quotaID: try row.need("quota_id") { $0.id() },
                    kind: try row.choice("kind"),
                    price: try Money(tenThousandths: try row.need("price", \.int64), currency: currency),
                    rootID: try row.need("root_id") { $0.id() },
                    refusals: try row.need("refusals", \.int32)
                )
            }
        } catch {
            throw .broken("\(error)")
        }
    }

    /// Notes that an order was paid. A window with nothing else owed lets its service be again.
    package func posted(_ order: QuotaOrder, now: Timestamp) async throws(StorageFault) -> QuotaCommit {
        try await commit { transaction in
            var commit = QuotaCommit()
            let isOverage = order.kind == .overage
            try await transaction.pipeline([
                PGStatement(
                    """
                    UPDATE quota_orders SET state = 'posted', refusal = NULL, applied_at = CASE WHEN kind = 'overage' THEN $3 END
                    WHERE tenant_id = $1 AND id = $2 AND state = 'pending'
                    """,
                    [.id(order.tenantID), .id(order.id), .timestamptz(now.microseconds)]
                ),
                Self.owe(order),
            ])
            if isOverage { try await self.review([order.service], now, transaction, &commit) }
            return commit
        }
    }

    /// Notes that the ledger refused an order. What is bought is not had then; what is owed blocks the service until it is paid or its
    /// window is over, and is tried again.
    package func refused(
        _ order: QuotaOrder,
        reason: String,
        now: Timestamp
    ) async throws(StorageFault) -> QuotaCommit {
        try await commit { transaction in
            var commit = QuotaCommit()
            try await transaction.pipeline([
                PGStatement(
                    """
                    UPDATE quota_orders SET refusals = refusals + 1, refusal = $3, due_at = $4,
                        state = CASE kind WHEN 'overage' THEN 'pending' ELSE 'refused' END,
                        applied_at = CASE kind WHEN 'overage' THEN NULL ELSE $5 END
                    WHERE tenant_id = $1 AND id = $2 AND state = 'pending'
                    """,
                    [
                        .id(order.tenantID), .id(order.id), .text(String(reason.prefix(60))),
                        .timestamptz((now + Self.retry).microseconds), .timestamptz(now.microseconds),
                    ]
                ),
                Self.owe(order),
            ])
            if order.kind == .overage { try await self.review([order.service], now, transaction, &commit) }
            return commit
        }
    }

    /// Whether something is owed for the window of an order that a refusal was noted for.
    private static func owe(_ order: QuotaOrder) -> PGStatement {
        PGStatement(
            """
            UPDATE quota_usage u SET is_unpaid = EXISTS (
                SELECT FROM quota_orders x WHERE x.tenant_id = u.tenant_id AND x.service_id = u.service_id
                    AND x.quota_id = u.quota_id AND x.window_start = u.window_start AND x.kind = 'overage'
                    AND x.state = 'pending' AND x.refusals > 0)
            FROM quota_orders o WHERE o.tenant_id = $1 AND o.id = $2 AND o.kind = 'overage' AND u.tenant_id = o.tenant_id
                AND u.service_id = o.service_id AND u.quota_id = o.quota_id AND u.window_start = o.window_start
            """,
            [.id(order.tenantID), .id(order.id)]
        )
    }

    /// Extends the windows of services by what was bought and paid, or granted; at most `limit` orders. An order whose quota is no
    /// longer the plan's extends nothing: it waits for nobody.
    package func applyTopUps(now: Timestamp, limit: Int) async throws(StorageFault) -> QuotaCommit {
        try await commit { transaction in
            var commit = QuotaCommit()
            let orders = try await transaction.query(
                """
                SELECT o.tenant_id, o.id, o.service_id, o.quota_id, o.amount FROM quota_orders o
                WHERE o.applied_at IS NULL AND o.state = 'posted' AND o.kind <> 'overage'
                ORDER BY o.tenant_id, o.id LIMIT $1 FOR UPDATE
                """,
                [.int8(Int64(limit))]
            )
            guard !orders.isEmpty else { return commit }
            let bought = try orders.map { try BoughtVolume($0) }
            let services = Array(Set(bought.map(\.service))).sorted()
            let results = try await transaction.pipeline([
                PGStatement(QuotaSQL.backend), QuotaSQL.subjects(services), QuotaSQL.quotas(services),
            ])
            try self.checkLead(results[0])
            let book = try QuotaBook(subjects: results[1], quotas: results[2]) { self.zoneRules($0) }
            var sums: [WindowKey: Int64] = [:]
            var windows: [Int64?] = []
            for volume in bought {
                let key = book.window(of: volume, now: now)
                windows.append(key?.window.start.microseconds)
                if let key { sums[key, default: 0] += volume.amount }
            }
            try await transaction.pipeline([
                QuotaSQL.addUse(sums.map { (key: $0.key, weighted: 0, bonus: $0.value) }),
                PGStatement(
                    """
                    UPDATE quota_orders o SET applied_at = $4, window_start = k.window_start
                    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, id, window_start)
                    WHERE o.tenant_id = k.tenant_id AND o.id = k.id
                    """,
                    [
                        .uuids(bought.map(\.service.tenantID.value)), .uuids(bought.map(\.id.value)),
                        .timestamptzArray(windows), .timestamptz(now.microseconds),
                    ]
                ),
            ])
            try await self.review(services, now, transaction, &commit)
            return commit
        }
    }
}

/// A paid top-up or a grant.
struct BoughtVolume {
    let service: ServiceRef
    let id: QuotaOrderID
    let quotaID: QuotaID
    let amount: Int64

    init(_ row: PGRow) throws {
        service = ServiceRef(
            tenantID: try row.need("tenant_id") { $0.id() },
            serviceID: try row.need("service_id") { $0.id() }
        )
        id = try row.need("id") { $0.id() }
        quotaID = try row.need("quota_id") { $0.id() }
        amount = try row.need("amount", \.int64)
    }
}

extension QuotaBook {
    /// The window that a volume extends; nil where its service or quota is gone.
    func window(of volume: BoughtVolume, now: Timestamp) -> WindowKey? {
        guard let subject = subjects[volume.service],
            let quota = quotas(of: subject).first(where: { $0.id == volume.quotaID })
        else { return nil }
        return WindowKey(
            service: volume.service,
            quotaID: quota.id,
            window: subject.calendar.window(quota.span, at: now)
        )
    }
}
