package import Billing
package import Domain
package import Ledger
package import Postgres

/// A wallet that is to be asked for a boost. The attempt is stored: the same key whoever asks, and however often.
package struct BoostCharge: Hashable, Sendable {
    package let tenantID: TenantID
    /// The operator above: whose lane it is.
    package let rootID: TenantID
    package let boostID: BoostID
    package let serviceID: ServiceID
    package let customerID: CustomerID
    package let attempt: Int
    package let amount: Money

    package init(
        tenantID: TenantID,
        rootID: TenantID,
        boostID: BoostID,
        serviceID: ServiceID,
        customerID: CustomerID,
        attempt: Int,
        amount: Money
    ) {
        self.tenantID = tenantID
        self.rootID = rootID
        self.boostID = boostID
        self.serviceID = serviceID
        self.customerID = customerID
        self.attempt = attempt
        self.amount = amount
    }

    /// `boost:ID:ATTEMPT`: a refusal uses a key up, so that each attempt has its own.
    package var key: String { "boost:\(boostID):\(attempt)" }
}

/// What became of a charge.
package struct BoostOutcome: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        case paid(TransferID?)
        /// No money was moved, and why.
        case refused(String)
    }

    package let charge: BoostCharge
    package let answer: Answer

    package init(_ charge: BoostCharge, _ answer: Answer) {
        self.charge = charge
        self.answer = answer
    }
}

/// What a round of stepping did.
package struct BoostRound: Sendable {
    /// How many were due.
    package var found = 0
    /// Whom to ask for what.
    package var charges: [BoostCharge] = []
    /// How many entered each state.
    package var entered: [Boost.State: Int] = [:]
    /// Those that could not be stepped, and why; they are looked at again in an hour.
    package var failures: [(BoostID, String)] = []

    package init() {}
}

/// The worker's side of boosts, over all tenants. Several may work at a time: rows are locked, and those that somebody has are passed
/// over. Whatever it is killed at is either stored, and the next round goes on from it, or not, and the next round does the same.
package struct BoostWork: Sendable {
    private let session: PostgresSession
    private let ids: IDGenerator
    private let zone: @Sendable (String) -> TimeZoneRules?

    /// `session` works as nexora_billing; `zone` finds a time zone's rules.
    package init(_ session: PostgresSession, ids: IDGenerator, zone: @escaping @Sendable (String) -> TimeZoneRules?) {
        self.session = session
        self.ids = ids
        self.zone = zone
    }

    /// Steps up to `limit` boosts that are due, in one transaction.
    package func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> BoostRound {
        try await session.billing { transaction in
            let store = BoostStore(transaction, ids: ids)
            var round = BoostRound()
            let rows = try await store.due(at: now, limit: limit)
            round.found = rows.count
            var asking: [BoostRow] = []
            for row in rows {
                // Nobody is charged for a service that is gone; what is being asked for is answered first.
                let isGone = row.boost.state == .approved && !row.boost.isSent && !row.contract.isStanding
                guard let after = try await step(row, isGone ? .withdraw : .time, at: now, store, &round) else {
                    continue
                }
                if after.boost.isSent { asking.append(after) }
            }
            round.charges = try await charges(asking, transaction)
            return round
        }
    }

    /// Stores what became of charges, in one transaction. Told twice it changes nothing the second time.
    package func settle(_ outcomes: [BoostOutcome], at now: Timestamp) async throws(StorageFault) -> BoostRound {
        try await session.billing { transaction in
            let store = BoostStore(transaction, ids: ids)
            var round = BoostRound()
            for row in try await store.locked(Set(outcomes.map(\.charge.boostID)).sorted()) {
                var row = row
                for outcome in outcomes where outcome.charge.boostID == row.id {
                    let (event, transfer): (Boost.Event, TransferID?) =
                        switch outcome.answer {
                        case .paid(let transfer): (.paid, transfer)
                        case .refused(let why):
                            (.refused(attempt: outcome.charge.attempt, reason: String(why.prefix(60))), nil)
                        }
                    row = try await step(row, event, at: now, store, &round, transfer: transfer) ?? row
                }
            }
            return round
        }
    }

    private func step(
        _ row: BoostRow,
        _ event: Boost.Event,
        at now: Timestamp,
        _ store: BoostStore,
        _ round: inout BoostRound,
        transfer: TransferID? = nil
    ) async throws -> BoostRow? {
        var reason = "no time zone \(row.timeZone)"
        if let rules = zone(row.timeZone) {
            do {
                let after = try await store.step(
                    row,
                    event,
                    at: now,
                    calendar: BillingCalendar(rules),
                    transfer: transfer
                )
                if after.boost.state != row.boost.state { round.entered[after.boost.state, default: 0] += 1 }
                return after
            } catch let refusal as Boost.Refusal {
                reason = refusal.rawValue
            }
        }
        round.failures.append((row.id, reason))
        // What is over waits for nothing.
        if !row.boost.state.isFinal { try await store.postpone(row, until: now + .seconds(3600)) }
        return nil
    }

    private func charges(_ rows: [BoostRow], _ transaction: ScopedTransaction) async throws -> [BoostCharge] {
        guard !rows.isEmpty else { return [] }
        let found = try await transaction.query("SELECT operator_tenant() AS root_id")
        guard let root: TenantID = found.first?["root_id"].id() else { throw PersistenceError.notFound }
        return rows.map { row in
            BoostCharge(
                tenantID: row.tenantID,
                rootID: root,
                boostID: row.id,
                serviceID: row.serviceID,
                customerID: row.customerID,
                attempt: row.boost.attempt,
                amount: row.boost.price
            )
        }
    }
}

extension BoostStore {
    /// Has boosts asked for again that those accounts, where they are wallets, now hold enough for. Returns how many that were.
    func fund(_ accounts: [AccountRef], at now: Timestamp) async throws -> Int {
        let funded = try await transaction.query(
            """
            SELECT DISTINCT b.id FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
            JOIN ledger_accounts a ON a.tenant_id = q.tenant_id AND a.id = q.id
            JOIN boosts b ON b.tenant_id = a.tenant_id AND b.customer_id = a.owner_id AND b.currency = a.currency
            WHERE a.kind = 'wallet' AND a.owner_kind = 'customer' AND b.state = 'approved' AND b.price <= a.balance - a.held
            """,
            [.uuids(accounts.map(\.tenantID.value)), .uuids(accounts.map(\.id.value))]
        )
        guard !funded.isEmpty else { return 0 }
        // Days are not counted here, so that it does not matter by which clocks.
        for row in try await locked(try funded.map { try $0.need("id") { $0.id() } }) where row.boost.state == .approved
        {
            _ = try await step(row, .funds, at: now, calendar: BillingCalendar(.utc))
        }
        return funded.count
    }
}
