package import Billing
package import Domain
import Postgres

extension SubscriptionStore {
    /// Stores a version of a plan's price and conditions; the terms with its id. Where the plan's newest version says the same already, that
    /// one is given. Throws `notFound` for a plan that is not in sight.
    package func pin(_ terms: PlanTerms, tenant: TenantID) async throws -> PlanTerms {
        // One writer at a time for each plan, so that versions are numbered without gaps.
        let plan = try await transaction.query(
            "SELECT id FROM plans WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            [.id(tenant), .id(terms.planID)]
        ).first
        guard plan != nil else { throw PersistenceError.notFound }
        let newest = try await transaction.query(
            """
            SELECT \(SubscriptionColumns.terms("v")), v.number FROM plan_versions v
            WHERE v.tenant_id = $1 AND v.plan_id = $2 ORDER BY v.number DESC LIMIT 1
            """,
            [.id(tenant), .id(terms.planID)]
        ).first
        if let newest {
            let known = try SubscriptionColumns.terms(newest, "v")
            if known == terms.as(known.version) { return known }
        }
        let pinned = terms.as(ids.next())
        let number = (newest?["number"].int ?? 0) + 1
        _ = try await transaction.query(
            """
            INSERT INTO plan_versions (tenant_id, id, plan_id, number, price, currency, cycle_unit, cycle_count, mode, periods,
                grace_seconds, suspension, reminders, promises, longest_promise_seconds)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::bigint, $11, $12, $13, $14, $15)
            """,
            [
                .id(tenant), .id(pinned.version), .id(pinned.planID), .int4(Int32(clamping: number)),
                .int8(pinned.price.tenThousandths), .text(pinned.price.currency.code),
                .text(pinned.cycle.unit.rawValue), .int4(Int32(clamping: pinned.cycle.count)),
                .text(pinned.mode.rawValue), .number(pinned.periods), .int8(pinned.grace.components.seconds),
                .text(pinned.suspension.rawValue), .int8Array(pinned.reminders.map(\.components.seconds)),
                .int4(Int32(clamping: pinned.promises)), .int8(pinned.longestPromise.components.seconds),
            ]
        )
        return pinned
    }

    /// Stores a subscription that is not activated yet, under pinned terms. Throws `notFound` for a service that is not in sight, is
    /// terminated or has another plan, and `alreadyExists` where the service has a subscription already.
    package func create(service: ServiceID, terms: PlanTerms, timeZone: String) async throws -> SubscriptionRow {
        let owner = try await transaction.query(
            "SELECT tenant_id, customer_id FROM services WHERE id = $1 AND plan_id = $2 AND status <> 'terminated' FOR UPDATE",
            [.id(service), .id(terms.planID)]
        ).first
        guard let owner else { throw PersistenceError.notFound }
        let id: SubscriptionID = ids.next()
        _ = try await transaction.query(
            """
            INSERT INTO subscriptions (tenant_id, id, customer_id, service_id, plan_version_id, time_zone)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [
                .id(try owner.need("tenant_id") { $0.id(TenantID.self) }), .id(id),
                .id(try owner.need("customer_id") { $0.id(CustomerID.self) }), .id(service), .id(terms.version),
                .text(timeZone),
            ]
        )
        guard let row = try await find(id) else { throw PersistenceError.notFound }
        return row
    }
}

extension PlanTerms {
    /// The same under another version's id.
    fileprivate func `as`(_ version: PlanVersionID) -> PlanTerms {
        PlanTerms(
            version: version,
            planID: planID,
            price: price,
            cycle: cycle,
            mode: mode,
            periods: periods,
            grace: grace,
            suspension: suspension,
            reminders: reminders,
            promises: promises,
            longestPromise: longestPromise
        )
    }
}
