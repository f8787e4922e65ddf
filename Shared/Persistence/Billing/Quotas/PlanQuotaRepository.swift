package import Billing
package import Domain
import Postgres

/// How a quota of a service stands.
package struct QuotaStanding: Sendable {
    package let quota: QuotaDefinition
    /// The window that is open.
    package let window: QuotaWindow
    package let use: QuotaUse
}

/// The quotas of plans and how services stand with them, within one scope.
package struct PlanQuotaRepository {
    private let transaction: ScopedTransaction

    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The plan's quotas by their position.
    package func quotas(of plan: Plan) async throws -> [QuotaDefinition] {
        try await transaction.query(
            "SELECT \(QuotaColumns.quota) FROM plan_quotas q WHERE q.tenant_id = $1 AND q.plan_id = $2 ORDER BY q.position",
            [.id(plan.tenantID), .id(plan.id)]
        ).map { try QuotaColumns.quota($0, currency: plan.price.currency) }
    }

    /// Replaces the plan's quotas. The positions are those of the list; one of the same name keeps its id, and with it what was
    /// used of it. The plan must be locked. Throws `ValidationError`.
    package func replace(_ quotas: [QuotaDefinition], of plan: Plan) async throws -> [QuotaDefinition] {
        guard quotas.count <= QuotaDefinition.most else {
            throw ValidationError.single("quotas", .outOfRange(minimum: 0, maximum: Int64(QuotaDefinition.most)))
        }
        guard Set(quotas.map(\.name)).count == quotas.count else {
            throw ValidationError.single("name", .conflicts(reason: "is another quota's of the plan as well"))
        }
        let known = Dictionary(try await self.quotas(of: plan).map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
        var placed: [QuotaDefinition] = []
        for (index, quota) in quotas.enumerated() {
            var quota = quota
            quota.position = index + 1
            quota.id = known[quota.name] ?? quota.id
            try quota.validate()
            placed.append(quota)
        }
        _ = try await transaction.query(
            "DELETE FROM plan_quotas WHERE tenant_id = $1 AND plan_id = $2",
            [.id(plan.tenantID), .id(plan.id)]
        )
        for quota in placed { try await insert(quota, plan) }
        return placed
    }

    private func insert(_ quota: QuotaDefinition, _ plan: Plan) async throws {
        var throttle: SpeedPair?
        var overage: (price: Money, unit: Int64)?
        switch quota.policy {
        case .throttle(let speeds): throttle = speeds
        case .bill(let price, let unit): overage = (price, unit)
        case .tell, .block: break
        }
        let hours = quota.hours.flatMap { [Int($0.days.rawValue), $0.start, $0.end, $0.percent] }
        _ = try await transaction.query(
            """
            INSERT INTO plan_quotas (tenant_id, plan_id, id, position, name, resource, direction, allowance, span, policy,
                throttle_download_bps, throttle_upload_bps, overage_price, overage_unit, top_up_amount, top_up_price, hours)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            """,
            [
                .id(plan.tenantID), .id(plan.id), .id(quota.id), .int2(Int16(clamping: quota.position)),
                .text(quota.name), .text(quota.resource.rawValue), .text(quota.direction.rawValue),
                .int8(quota.allowance), .text(quota.span.rawValue), .text(quota.policy.name),
                .number(throttle?.download), .number(throttle?.upload), .number(overage?.price.tenThousandths),
                .number(overage?.unit), .number(quota.topUp?.amount), .number(quota.topUp?.price.tenThousandths),
                .int4Array(hours.map { Int32(clamping: $0) }),
            ]
        )
    }

    /// How the service stands at an instant, quota by quota, and what it may. `zone` knows clocks by their names. A quota without a
    /// limit is counted nowhere: its use is 0.
    package func standing(
        of service: Service,
        plan: Plan,
        now: Timestamp,
        zone: (String?) -> TimeZoneRules
    ) async throws -> (quotas: [QuotaStanding], restriction: QuotaRestriction) {
        let row = try await transaction.query(
            """
            SELECT \(QuotaSubject.columns) FROM services s JOIN plans p ON p.tenant_id = s.tenant_id AND p.id = s.plan_id
            JOIN tenants t ON t.id = s.tenant_id WHERE s.tenant_id = $1 AND s.id = $2
            """,
            [.id(service.tenantID), .id(service.id)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        let subject = try QuotaSubject(row, zone: zone)
        let open = try await transaction.query(
            """
            SELECT \(QuotaUseRow.columns) FROM quota_usage u
            WHERE u.tenant_id = $1 AND u.service_id = $2 AND u.window_end > $3
            """,
            [.id(service.tenantID), .id(service.id), .timestamptz(now.microseconds)]
        ).map { try QuotaUseRow($0) }
        let standings = try await quotas(of: plan).map { quota in
            let window = subject.calendar.window(quota.span, at: now)
            let row = open.first { $0.quotaID == quota.id && $0.use.window.start == window.start }
            return QuotaStanding(quota: quota, window: window, use: row?.use ?? QuotaUse(window: window))
        }
        let isOver =
            switch subject.restriction {
            case .none: true
            case .throttled(_, let until), .blocked(let until): until <= now
            }
        return (standings, isOver ? .none : subject.restriction)
    }

    /// Orders a volume on top of a quota: for the price that it is sold at, or as a grant.
    package func order(
        _ kind: QuotaOrder.Kind,
        _ amount: Int64,
        of quota: QuotaDefinition,
        for service: Service,
        price: Money,
        id: QuotaOrderID,
        actor: UUID128
    ) async throws {
        precondition(kind != .overage, "overage is the worker's to order")
        _ = try await transaction.query(
            """
            INSERT INTO quota_orders (tenant_id, id, service_id, customer_id, quota_id, kind, amount, price, currency, state,
                actor_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .id(service.tenantID), .id(id), .id(service.id), .id(service.customerID), .id(quota.id),
                .text(kind.rawValue), .int8(amount), .int8(price.tenThousandths), .text(price.currency.code),
                .text(kind == .grant ? "posted" : "pending"), .uuid(high: actor.high, low: actor.low),
            ]
        )
    }
}
