package import Billing
package import Domain
import Events
import Postgres

/// Keeps subscriptions and their bills, in one transaction: reads them under their locks and stores what a step of theirs says, with
/// the history, the service's standing and the events of it.
///
/// Works as nexora_billing, and in a tenant's scope as the gateway.
package struct SubscriptionStore {
    let transaction: ScopedTransaction
    let ids: IDGenerator
    let actor: UUID128?
    private let eventIDs: CommitIDs

    /// `actor` is who asked, for the history.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator, actor: UUID128? = nil) {
        self.transaction = transaction
        self.ids = ids
        self.actor = actor
        eventIDs = CommitIDs(ids)
    }

    // MARK: - Reading

    /// Up to `limit` subscriptions that are due, locked; those that somebody else has locked are passed over: he steps them.
    package func due(at now: Timestamp, limit: Int) async throws -> [SubscriptionRow] {
        try await rows(
            "WHERE s.next_action_at <= $1 ORDER BY s.next_action_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED",
            [.time(now), .int8(Int64(limit))]
        )
    }

    /// The subscriptions of those ids, locked in one order.
    package func locked(_ ids: [SubscriptionID]) async throws -> [SubscriptionRow] {
        try await rows("WHERE s.id = ANY ($1::uuid[]) ORDER BY s.id FOR UPDATE OF s", [.uuids(ids.map(\.value))])
    }

    /// The subscription of that id, locked where it is to be changed. Nil where there is none in sight.
    package func find(_ id: SubscriptionID, forUpdate: Bool = false) async throws -> SubscriptionRow? {
        try await rows("WHERE s.id = $1" + (forUpdate ? " FOR UPDATE OF s" : ""), [.id(id)]).first
    }

    /// The subscription that a bill is of.
    package func subscription(ofBill id: BillID) async throws -> SubscriptionID? {
        try await transaction.query("SELECT subscription_id FROM bills WHERE id = $1", [.id(id)])
            .first?["subscription_id"].id()
    }

    func rows(_ condition: String, _ parameters: [PGValue]) async throws -> [SubscriptionRow] {
        let found = try await transaction.query(
            "SELECT \(SubscriptionColumns.stored) FROM \(SubscriptionColumns.sources) \(condition)",
            parameters
        )
        guard !found.isEmpty else { return [] }
        let subscriptions = try found.map(SubscriptionColumns.subscription)
        let bills = try await bills(of: subscriptions)
        return try zip(found, subscriptions).map { row, subscription in
            SubscriptionRow(
                book: SubscriptionBook(subscription, bills: bills[subscription.id] ?? []),
                timeZone: try row.need("time_zone", \.text),
                // Of a customer who is gone nothing is said; his bills are due as by default.
                billingDay: row["due_day"].int ?? 15,
                hasService: row["service_status"].text.map { $0 != "terminated" } ?? false,
                version: try row.need("row_version", \.int64),
                createdAt: try row.need("created_at", \.time)
            )
        }
    }

    /// The bills that decide: those that are open, and that of the present period.
    private func bills(of subscriptions: [Subscription]) async throws -> [SubscriptionID: [Bill]] {
        let rows = try await transaction.query(
            """
            SELECT \(SubscriptionColumns.bill) FROM bills b
            JOIN unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS q (tenant_id, id, ordinal)
                ON b.tenant_id = q.tenant_id AND b.subscription_id = q.id
            WHERE b.status IN ('pending', 'overdue') OR b.ordinal = q.ordinal
            """,
            [
                .uuids(subscriptions.map(\.tenantID.value)), .uuids(subscriptions.map(\.id.value)),
                .int8Array(subscriptions.map { Int64($0.clock?.ordinal ?? 0) }),
            ]
        )
        var bills: [SubscriptionID: [Bill]] = [:]
        for row in rows {
            bills[try row.need("subscription_id") { $0.id() }, default: []].append(try SubscriptionColumns.bill(row))
        }
        return bills
    }

    // MARK: - Stepping

    /// Tells a locked subscription something and stores what comes of it. Throws `SubscriptionRefusal` where it does not do that; nothing
    /// is stored then.
    package func step(
        _ row: SubscriptionRow,
        _ event: SubscriptionEvent,
        at now: Timestamp,
        calendar: BillingCalendar,
        transfer: UUID128? = nil,
        method: String? = nil
    ) async throws -> SubscriptionCommit {
        let facts = SubscriptionFacts(calendar: calendar, billingDay: row.billingDay) { [ids] _ in ids.next() }
        let (book, effects) = try row.book.step(event, at: now, facts: facts)
        let writing = SubscriptionWriting(
            before: row.book,
            after: book,
            event: event,
            effects: effects,
            now: now,
            ids: eventIDs,
            actor: actor,
            transfer: transfer,
            method: method
        )
        let results = try await transaction.pipeline(writing.statements)
        guard let version = results.last?.first?["row_version"].int64 else { throw PersistenceError.notFound }
        let service = results.filter { $0.columns.contains("service_version") }
            .compactMap { $0.first?["service_version"].int64 }.max()
        let events = writing.events(version: version, service: service)
        if !events.isEmpty { _ = try await transaction.pipeline([OutboxRow.insert(events)]) }
        var stored = row
        stored.book = book
        return SubscriptionCommit(row: stored, effects: effects)
    }

    /// Looks at it again not before then: what keeps a subscription that cannot be stepped from being tried all the time.
    package func postpone(_ row: SubscriptionRow, until time: Timestamp) async throws {
        _ = try await transaction.query(
            "UPDATE subscriptions SET next_action_at = $3 WHERE tenant_id = $1 AND id = $2",
            [.id(row.subscription.tenantID), .id(row.subscription.id), .time(time)]
        )
    }
}
