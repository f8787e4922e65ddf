package import Billing
package import Domain
package import Ledger
package import Postgres

/// A wallet that is to be asked for a bill. The attempt is stored: the same key whoever asks, and however often.
package struct BillCharge: Hashable, Sendable {
    package let tenantID: TenantID
    /// The operator above: whose lane it is.
    package let rootID: TenantID
    package let subscriptionID: SubscriptionID
    package let customerID: CustomerID
    package let billID: BillID
    package let ordinal: Int
    package let attempt: Int
    package let amount: Money

    package init(
        tenantID: TenantID,
        rootID: TenantID,
        subscriptionID: SubscriptionID,
        customerID: CustomerID,
        billID: BillID,
        ordinal: Int,
        attempt: Int,
        amount: Money
    ) {
        self.tenantID = tenantID
        self.rootID = rootID
        self.subscriptionID = subscriptionID
        self.customerID = customerID
        self.billID = billID
        self.ordinal = ordinal
        self.attempt = attempt
        self.amount = amount
    }

    /// `bill:ID:ATTEMPT`: a refusal uses a key up, so that each attempt has its own.
    package var key: String { "bill:\(billID):\(attempt)" }
}

/// What became of a charge.
package struct BillOutcome: Hashable, Sendable {
    package let charge: BillCharge
    /// Nil: no money was moved.
    package let transfer: TransferID?

    package init(_ charge: BillCharge, transfer: TransferID?) {
        self.charge = charge
        self.transfer = transfer
    }
}

/// What a round of stepping did.
package struct SubscriptionRound: Sendable {
    /// How many were due.
    package var found = 0
    /// Whom to ask for what.
    package var charges: [BillCharge] = []
    /// How many entered each state.
    package var entered: [Subscription.State: Int] = [:]
    package var reminders = 0
    /// Those that could not be stepped, and why; they are looked at again in an hour.
    package var failures: [(SubscriptionID, String)] = []
}

/// The worker's side of subscriptions, over all tenants. Several may work at a time: rows are locked, and those that somebody has are
/// passed over. Whatever it is killed at is either stored, and the next round goes on from it, or not, and the next round does the same.
package struct SubscriptionWork: Sendable {
    private let session: PostgresSession
    private let ids: IDGenerator
    private let zone: @Sendable (String) -> TimeZoneRules?

    /// `session` works as nexora_billing; `zone` finds a time zone's rules.
    package init(_ session: PostgresSession, ids: IDGenerator, zone: @escaping @Sendable (String) -> TimeZoneRules?) {
        self.session = session
        self.ids = ids
        self.zone = zone
    }

    /// Steps up to `limit` subscriptions that are due, in one transaction.
    package func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> SubscriptionRound {
        try await write { store in
            var round = SubscriptionRound()
            let rows = try await store.due(at: now, limit: limit)
            round.found = rows.count
            var stepped: [SubscriptionCommit] = []
            for row in rows {
                // A contract for a service that is gone ends; while the wallet is asked for it, a moment later.
                let events: [SubscriptionEvent] =
                    row.hasService || row.subscription.state.isFinal ? [.time] : [.cancel(.now), .time]
                if let commit = try await step(row, events, at: now, store, &round) { stepped.append(commit) }
            }
            round.charges = try await charges(stepped, store)
            return round
        }
    }

    /// Stores what became of charges, in one transaction. Told twice it changes nothing the second time.
    package func settle(_ outcomes: [BillOutcome], at now: Timestamp) async throws(StorageFault) -> SubscriptionRound {
        try await write { store in
            var round = SubscriptionRound()
            let rows = try await store.locked(Set(outcomes.map(\.charge.subscriptionID)).sorted())
            for row in rows {
                var row = row
                for outcome in outcomes where outcome.charge.subscriptionID == row.subscription.id {
                    let charge = outcome.charge
                    let event: SubscriptionEvent =
                        outcome.transfer == nil
                        ? .refused(ordinal: charge.ordinal, attempt: charge.attempt) : .paid(ordinal: charge.ordinal)
                    let commit = try await step(row, [event], at: now, store, &round, transfer: outcome.transfer?.value)
                    if let commit { row = commit.row }
                }
            }
            return round
        }
    }

    /// Has the bills asked for again that are due and that those accounts, where they are wallets, now hold enough for. Returns how many
    /// subscriptions that were.
    package func fund(_ accounts: [AccountRef], at now: Timestamp) async throws(StorageFault) -> Int {
        guard !accounts.isEmpty else { return 0 }
        return try await write { store in
            let found = try await store.transaction.query(
                Self.funded,
                [.uuids(accounts.map(\.tenantID.value)), .uuids(accounts.map(\.id.value)), .time(now)]
            )
            var round = SubscriptionRound()
            for row in try await store.locked(try found.map { try $0.need("id") { $0.id() } }) {
                _ = try await step(row, [.funds], at: now, store, &round)
            }
            return found.count + (try await BoostStore(store.transaction, ids: ids).fund(accounts, at: now))
        }
    }

    /// When the next is due; nil where none ever is.
    package func next() async throws(StorageFault) -> Timestamp? {
        do throws(PostgresError) {
            let sql = "SELECT min(next_action_at) AS next FROM subscriptions WHERE next_action_at IS NOT NULL"
            return try await session.query(sql).first?["next"].time
        } catch {
            throw StorageFault(error)
        }
    }

    // MARK: - Steps

    private func step(
        _ row: SubscriptionRow,
        _ events: [SubscriptionEvent],
        at now: Timestamp,
        _ store: SubscriptionStore,
        _ round: inout SubscriptionRound,
        transfer: UUID128? = nil
    ) async throws -> SubscriptionCommit? {
        guard let rules = zone(row.timeZone) else {
            return try await postpone(row, "no time zone \(row.timeZone)", at: now, store, &round)
        }
        var reason = ""
        for event in events {
            do {
                let commit = try await store.step(
                    row,
                    event,
                    at: now,
                    calendar: BillingCalendar(rules),
                    transfer: transfer
                )
                let state = commit.row.subscription.state
                if state != row.subscription.state { round.entered[state, default: 0] += 1 }
                for case .remind in commit.effects { round.reminders += 1 }
                return commit
            } catch let refusal as SubscriptionRefusal {
                reason = refusal.rawValue
            }
        }
        return try await postpone(row, reason, at: now, store, &round)
    }

    private func postpone(
        _ row: SubscriptionRow,
        _ reason: String,
        at now: Timestamp,
        _ store: SubscriptionStore,
        _ round: inout SubscriptionRound
    ) async throws -> SubscriptionCommit? {
        round.failures.append((row.subscription.id, reason))
        try await store.postpone(row, until: now + .seconds(3600))
        return nil
    }

    private func charges(_ commits: [SubscriptionCommit], _ store: SubscriptionStore) async throws -> [BillCharge] {
        let asking = commits.filter { $0.effects.contains { if case .collect = $0 { true } else { false } } }
        guard !asking.isEmpty else { return [] }
        let tenants = Set(asking.map(\.row.subscription.tenantID)).sorted()
        var roots: [TenantID: TenantID] = [:]
        for row in try await store.transaction.query(Self.roots, [.uuids(tenants.map(\.value))]) {
            roots[try row.need("tenant_id") { $0.id() }] = try row.need("root_id") { $0.id() }
        }
        return asking.flatMap { commit in
            let subscription = commit.row.subscription
            return commit.effects.compactMap { effect -> BillCharge? in
                guard case .collect(let id) = effect, let root = roots[subscription.tenantID],
                    let bill = commit.row.book.bills.first(where: { $0.id == id })
                else { return nil }
                return BillCharge(
                    tenantID: subscription.tenantID,
                    rootID: root,
                    subscriptionID: subscription.id,
                    customerID: subscription.customerID,
                    billID: id,
                    ordinal: bill.ordinal,
                    attempt: bill.attempt,
                    amount: bill.amount
                )
            }
        }
    }

    private func write<Success: Sendable>(
        _ body: (SubscriptionStore) async throws -> Success
    ) async throws(StorageFault) -> Success {
        try await session.billing { transaction in try await body(SubscriptionStore(transaction, ids: ids)) }
    }

    /// The operator above each tenant.
    private static let roots = """
        WITH RECURSIVE up (tenant_id, id, parent_id) AS (
            SELECT t.id, t.id, t.parent_id FROM tenants t WHERE t.id = ANY ($1::uuid[])
            UNION ALL
            SELECT up.tenant_id, t.id, t.parent_id FROM up JOIN tenants t ON t.id = up.parent_id)
        SELECT tenant_id, id AS root_id FROM up WHERE parent_id IS NULL
        """

    private static let funded = """
        SELECT DISTINCT b.subscription_id AS id
        FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
        JOIN ledger_accounts a ON a.tenant_id = q.tenant_id AND a.id = q.id
        JOIN bills b ON b.tenant_id = a.tenant_id AND b.customer_id = a.owner_id AND b.currency = a.currency
        WHERE a.kind = 'wallet' AND a.owner_kind = 'customer' AND b.status IN ('pending', 'overdue') AND b.due_at <= $3
            AND b.amount <= a.balance - a.held
        """
}
