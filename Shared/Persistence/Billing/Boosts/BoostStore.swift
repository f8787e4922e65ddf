package import Billing
package import Domain
import Events
package import Ledger
import Postgres

/// Keeps boosts, in one transaction: reads them under their locks and stores what a step of theirs says, with what it does to the service
/// and the events of it.
///
/// Works as nexora_billing, and in a tenant's scope as the gateway, which begins and ends none.
package struct BoostStore {
    let transaction: ScopedTransaction
    let ids: IDGenerator
    private let eventIDs: CommitIDs

    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        self.ids = ids
        eventIDs = CommitIDs(ids)
    }

    // MARK: - Reading

    /// The boost of that id, locked where it is to be changed. Nil where there is none in sight.
    package func find(_ id: BoostID, forUpdate: Bool = false) async throws -> BoostRow? {
        try await rows("WHERE b.id = $1" + (forUpdate ? " FOR UPDATE OF b" : ""), [.id(id)]).first
    }

    /// Up to `limit` boosts of the scope, the newest first, behind the one named.
    package func list(_ filter: BoostFilter, after: BoostID?, limit: Int) async throws -> [BoostRow] {
        try await rows(
            """
            WHERE ($1::uuid IS NULL OR b.tenant_id = $1) AND ($2::uuid IS NULL OR b.customer_id = $2)
                AND ($3::uuid IS NULL OR b.subscription_id = $3) AND ($4::uuid IS NULL OR b.service_id = $4)
                AND ($5::text IS NULL OR b.state = $5) AND ($6::uuid IS NULL OR b.id < $6)
            ORDER BY b.id DESC LIMIT $7
            """,
            [
                .id(filter.tenantID), .id(filter.customerID), .id(filter.subscriptionID), .id(filter.serviceID),
                .text(filter.state?.rawValue), .id(after), .int8(Int64(limit)),
            ]
        )
    }

    /// Up to `limit` boosts that are due, locked; those that somebody else has locked are passed over: he steps them.
    func due(at now: Timestamp, limit: Int) async throws -> [BoostRow] {
        try await rows(
            "WHERE b.next_action_at <= $1 ORDER BY b.next_action_at LIMIT $2 FOR UPDATE OF b SKIP LOCKED",
            [.time(now), .int8(Int64(limit))]
        )
    }

    /// The boosts of those ids, locked in one order.
    func locked(_ ids: [BoostID]) async throws -> [BoostRow] {
        try await rows("WHERE b.id = ANY ($1::uuid[]) ORDER BY b.id FOR UPDATE OF b", [.uuids(ids.map(\.value))])
    }

    func rows(_ condition: String, _ parameters: [PGValue]) async throws -> [BoostRow] {
        try await transaction.query(
            "SELECT \(BoostColumns.stored) FROM \(BoostColumns.sources) \(condition)",
            parameters
        ).map(BoostColumns.row)
    }

    // MARK: - Asking for one

    /// Stores a boost that nobody has agreed to yet. Throws `alreadyExists` (boosts_open) where the service has one that is not over.
    package func create(
        _ boost: Boost,
        for row: SubscriptionRow,
        plan: PlanID,
        notes: String,
        at now: Timestamp
    ) async throws -> BoostRow {
        let id: BoostID = ids.next()
        let subscription = row.subscription
        _ = try await transaction.query(
            """
            INSERT INTO boosts (tenant_id, id, subscription_id, customer_id, service_id, current_plan_id, boost_plan_id, days, price,
                currency, notes)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .id(subscription.tenantID), .id(id), .id(subscription.id), .id(subscription.customerID),
                .id(subscription.serviceID), .id(subscription.terms.planID), .id(plan),
                .int4(Int32(clamping: boost.days)), .int8(boost.price.tenThousandths),
                .text(boost.price.currency.code), .text(notes),
            ]
        )
        guard let stored = try await find(id) else { throw PersistenceError.notFound }
        _ = try await transaction.pipeline([OutboxRow.insert([event(stored, stored.changed, now)])])
        return stored
    }

    // MARK: - Stepping

    /// Tells a locked boost something and stores what comes of it. Throws `Boost.Refusal` where it does not do that; nothing is stored
    /// then.
    package func step(
        _ row: BoostRow,
        _ event: Boost.Event,
        at now: Timestamp,
        calendar: BillingCalendar,
        transfer: TransferID? = nil
    ) async throws -> BoostRow {
        var after = row
        after.boost = try row.boost.step(event, at: now, calendar: calendar)
        guard after.boost != row.boost else { return row }
        after.transferID = transfer ?? row.transferID
        let access = BoostAccess(before: row, after: after)
        let results = try await transaction.pipeline([update(after)] + (access.map { [$0.statement] } ?? []))
        guard let version = results[0].first?["row_version"].int64 else { throw PersistenceError.notFound }
        after.version = version
        var events: [OutboxRow] = []
        if after.boost.state != row.boost.state { events.append(self.event(after, after.changed, now)) }
        // What is told of a service's access is told of one that was changed.
        if let access, let service = results[1].first?["service_version"].int64 {
            events.append(
                self.event(after, access.changed(version: UInt64(clamping: service)), now, of: row.serviceID.value)
            )
        }
        if !events.isEmpty { _ = try await transaction.pipeline([OutboxRow.insert(events)]) }
        return after
    }

    /// Looks at it again not before then: what keeps a boost that cannot be stepped from being tried all the time.
    func postpone(_ row: BoostRow, until time: Timestamp) async throws {
        _ = try await transaction.query(
            "UPDATE boosts SET next_action_at = $3 WHERE tenant_id = $1 AND id = $2",
            [.id(row.tenantID), .id(row.id), .time(time)]
        )
    }

    private func update(_ row: BoostRow) -> PGStatement {
        let boost = row.boost
        return PGStatement(
            """
            UPDATE boosts SET state = $3, period_start = $4, period_end = $5, reason = $6, attempt = $7, sent = $8, refusal = $9,
                next_action_at = $10, transfer_id = $11
            WHERE tenant_id = $1 AND id = $2 RETURNING row_version
            """,
            [
                .id(row.tenantID), .id(row.id), .text(boost.state.rawValue), .time(boost.period?.start),
                .time(boost.period?.end), .text(boost.reason), .int4(Int32(clamping: boost.attempt)),
                .bool(boost.isSent), .text(boost.refusal), .time(boost.nextActionAt), .id(row.transferID),
            ]
        )
    }

    private func event(
        _ row: BoostRow,
        _ payload: some EventPayload,
        _ now: Timestamp,
        of aggregate: UUID128? = nil
    ) -> OutboxRow {
        OutboxRow(
            id: eventIDs.next(),
            tenantID: row.tenantID,
            aggregateID: aggregate ?? row.id.value,
            payload: payload,
            createdAt: now
        )
    }
}

/// What a step does to the service: it begins to have the boost's plan, or has its own again.
private struct BoostAccess {
    let row: BoostRow
    let period: BillingPeriod
    let begins: Bool

    init?(before: BoostRow, after: BoostRow) {
        let (old, new) = (before.boost.state, after.boost.state)
        guard (old == .active) != (new == .active), let period = after.boost.period else { return nil }
        row = after
        self.period = period
        begins = new == .active
    }

    /// Ends what this boost began and nothing else.
    var statement: PGStatement {
        let sql =
            begins
            ? """
            UPDATE services SET boost_plan_id = $3, boosted_until = $4 WHERE tenant_id = $1 AND id = $2
            RETURNING row_version AS service_version
            """
            : """
            UPDATE services SET boost_plan_id = NULL, boosted_until = NULL
            WHERE tenant_id = $1 AND id = $2 AND boost_plan_id = $3 AND boosted_until = $4
            RETURNING row_version AS service_version
            """
        return PGStatement(sql, [.id(row.tenantID), .id(row.serviceID), .id(row.planID), .time(period.end)])
    }

    func changed(version: UInt64) -> AccessChanged {
        AccessChanged(
            serviceID: row.serviceID,
            customerID: row.customerID,
            effect: begins ? .boosted : .restored,
            cause: .boost,
            until: begins ? period.end : nil,
            version: version
        )
    }
}

extension BoostRow {
    fileprivate var changed: BoostChanged {
        BoostChanged(
            boostID: id,
            subscriptionID: subscriptionID,
            customerID: customerID,
            serviceID: serviceID,
            state: boost.state.rawValue,
            planID: planID,
            amount: boost.price,
            periodStart: boost.period?.start,
            periodEnd: boost.period?.end,
            note: boost.reason ?? "",
            version: UInt64(clamping: version)
        )
    }
}
