package import Domain
import Events
import Postgres

/// Why a customer is not erased, or not changed. Holds nothing of his.
package enum ErasureRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// He was erased: nothing of him is there to be changed or shown again.
    case erased
    /// A service of his is not terminated.
    case hasServices
    /// A session of his is open.
    case hasSessions
    /// The reason, which is kept, holds a name, an address or a number of his.
    case reasonNamesHim
    /// An entry of the audit trail about him is not what was written: erasing its values would hide that.
    case trailBroken(number: Int64)

    package var description: String {
        switch self {
        case .erased: "the customer was erased"
        case .hasServices: "a service of the customer is not terminated"
        case .hasSessions: "a session of the customer is open"
        case .reasonNamesHim: "the reason holds something by which the customer is known"
        case .trailBroken(let number): "entry \(number) of the audit trail was changed"
        }
    }
}

/// An account that went with its customer, for whoever still believes its tokens.
package struct ErasedAccount: Sendable, Hashable {
    package let id: UserID
    /// Sessions that were not over.
    package let sessions: [LoginSessionID]

    package init(id: UserID, sessions: [LoginSessionID]) {
        self.id = id
        self.sessions = sessions
    }
}

/// What erasing a customer would take, and what is in its way.
package struct ErasurePreview: Sendable, Hashable {
    package let contacts, notes, services, serviceChanges, sessions, accounts, auditEntries: Int
    /// Services that are not terminated, and sessions that are open.
    package let livingServices, openSessions: Int

    /// Nil where nothing is in the way.
    package var refusal: ErasureRefusal? {
        if livingServices > 0 { return .hasServices }
        return openSessions > 0 ? .hasSessions : nil
    }
}

/// Takes customers of one scope out of everything for good (SEC-09, F-20). What each table keeps stands in migrations/0023-erasure.
package struct CustomerErasure {
    private let transaction: ScopedTransaction
    private let ids: IDGenerator

    /// Works in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        self.ids = ids
    }

    /// What an erasure did.
    package struct Outcome: Sendable {
        /// The customer as he is now.
        package let customer: Customer
        /// Rows by what they were, of the parts that had any.
        package let affected: [String: Int]
        /// What is left of entries of the audit trail, hashes by number: the caller adds an entry for each element that vouches for
        /// it (``AuditErasure/vouching(for:)``), in this transaction.
        package let left: [[Int64: [UInt8]]]
        package let accounts: [ErasedAccount]
    }

    /// How much there is, and what is in the way. Entries of the audit trail are counted up to 10,000.
    package func preview(_ customer: Customer) async throws -> ErasurePreview {
        let row = try await transaction.query(
            """
            SELECT (SELECT count(*) FROM customer_contacts WHERE tenant_id = $1 AND customer_id = $2) AS contacts,
                (SELECT count(*) FROM customer_notes WHERE tenant_id = $1 AND customer_id = $2) AS notes,
                (SELECT count(*) FROM services WHERE tenant_id = $1 AND customer_id = $2) AS services,
                (SELECT count(*) FROM services WHERE tenant_id = $1 AND customer_id = $2 AND status <> 'terminated') AS living,
                (SELECT count(*) FROM service_history WHERE tenant_id = $1 AND customer_id = $2) AS changes,
                (SELECT count(*) FROM sessions WHERE tenant_id = $1 AND customer_id = $2)
                    + (SELECT count(*) FROM sessions_history WHERE tenant_id = $1 AND customer_id = $2) AS sessions,
                (SELECT count(*) FROM sessions WHERE tenant_id = $1 AND customer_id = $2 AND ended_at IS NULL) AS open,
                (SELECT count(*) FROM users WHERE tenant_id = $1 AND customer_id = $2) AS accounts,
                (SELECT count(*) FROM personal_audit($1, $2, $3)) AS entries
            """,
            [.id(customer.tenantID), .id(customer.id), .int8(Int64(Self.places))]
        ).first.found()
        return ErasurePreview(
            contacts: try row.need("contacts", \.int),
            notes: try row.need("notes", \.int),
            services: try row.need("services", \.int),
            serviceChanges: try row.need("changes", \.int),
            sessions: try row.need("sessions", \.int),
            accounts: try row.need("accounts", \.int),
            auditEntries: try row.need("entries", \.int),
            livingServices: try row.need("living", \.int),
            openSessions: try row.need("open", \.int)
        )
    }

    /// Erases a customer, deleted or not. Doing it again changes nothing but what came late, such as reports of a session that had
    /// ended. Throws an ``ErasureRefusal``; `reason` is what the caller puts on record.
    package func erase(_ id: CustomerID, reason: String, _ change: IdentityChange) async throws -> Outcome {
        let customers = CustomerRepository(transaction)
        let before = try await customers.find(id, forUpdate: true, includingDeleted: true).found()
        // Whoever holds a service's row writes his entries before he lets go of it.
        _ = try await transaction.query(
            "SELECT id FROM services WHERE tenant_id = $1 AND customer_id = $2 ORDER BY id FOR UPDATE",
            [.id(before.tenantID), .id(id)]
        )
        if let refusal = try await standing(before) { throw refusal }
        try await check(reason, before)
        let accounts = try await accounts(before)
        // First the trail: behind the rows nobody knows what he was known by.
        let left = try await eraseTrail(before, accounts)
        var affected = try await eraseRows(before)
        affected.merge(try await eraseRemarks(before)) { $0 + $1 }
        affected.merge(try await eraseNotices(before, accounts)) { $0 + $1 }
        for account in accounts {
            try await transaction.announce(
                UserDeleted(userID: account.id, actorID: change.actorID),
                tenant: before.tenantID,
                about: account.id.value,
                change
            )
        }
        let after = try await customers.find(id, includingDeleted: true).found()
        return Outcome(customer: after, affected: affected, left: left, accounts: accounts)
    }

    /// Of the statements that walk years of sessions, or of the trail.
    private static let deadline = Duration.seconds(60)

    // MARK: - What is looked at before

    /// The same as ``ErasurePreview/refusal``, without counting what there is.
    private func standing(_ customer: Customer) async throws -> ErasureRefusal? {
        let row = try await transaction.query(
            """
            SELECT EXISTS (SELECT FROM services WHERE tenant_id = $1 AND customer_id = $2 AND status <> 'terminated') AS living,
                EXISTS (SELECT FROM sessions WHERE tenant_id = $1 AND customer_id = $2 AND ended_at IS NULL) AS open
            """,
            [.id(customer.tenantID), .id(customer.id)]
        ).first
        if row?["living"].bool == true { return .hasServices }
        return row?["open"].bool == true ? .hasSessions : nil
    }

    private func check(_ reason: String, _ customer: Customer) async throws {
        let row = try await transaction.query(
            "SELECT personal_texts($1, $2) AS texts",
            [.id(customer.tenantID), .id(customer.id)]
        ).first
        let reason = reason.lowercased()
        for case let text? in row?["texts"].textArray ?? [] where reason.contains(text) {
            throw ErasureRefusal.reasonNamesHim
        }
    }

    private func accounts(_ customer: Customer) async throws -> [ErasedAccount] {
        try await transaction.query(
            """
            SELECT u.id, ARRAY(SELECT s.id FROM login_sessions s
                WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id AND s.ended_at IS NULL) AS sessions
            FROM users u WHERE u.tenant_id = $1 AND u.customer_id = $2 ORDER BY u.id
            """,
            [.id(customer.tenantID), .id(customer.id)]
        ).map { row in
            let sessions = try row.need("sessions", \.uuidArray).compactMap { $0 }
            return ErasedAccount(
                id: try row.need("id") { $0.id() },
                sessions: sessions.map { LoginSessionID(UUID128(high: $0.high, low: $0.low)) }
            )
        }
    }

    // MARK: - The rows

    private func eraseRows(_ customer: Customer) async throws -> [String: Int] {
        do {
            let rows = try await transaction.query(
                "SELECT part, affected FROM erase_customer($1, $2)",
                [.id(customer.tenantID), .id(customer.id)],
                deadline: Self.deadline
            )
            var affected: [String: Int] = [:]
            for row in rows {
                let count = try row.need("affected", \.int)
                if count > 0 { affected[try row.need("part", \.text)] = count }
            }
            return affected
        } catch PersistenceError.refused(constraint: "erasure_services") {
            throw ErasureRefusal.hasServices
        } catch PersistenceError.refused(constraint: "erasure_sessions") {
            throw ErasureRefusal.hasSessions
        }
    }

    /// What people wrote about him beside his contracts. The rows stay, as all of the books does; a rejection keeps that it had a reason.
    private func eraseRemarks(_ customer: Customer) async throws -> [String: Int] {
        try await run([("boosts", Self.boosts), ("bills", Self.bills)], [.id(customer.tenantID), .id(customer.id)])
    }

    /// How many rows of each part the statements changed, of the parts that had any.
    private func run(
        _ statements: [(part: String, sql: String)],
        _ values: [PGValue],
        deadline: Duration? = nil
    ) async throws -> [String: Int] {
        var affected: [String: Int] = [:]
        for (part, sql) in statements {
            let changed = try await transaction.query(sql, values, deadline: deadline).affectedRows
            if changed > 0 { affected[part, default: 0] += changed }
        }
        return affected
    }

    private static let boosts = """
        UPDATE boosts SET notes = '', reason = CASE WHEN reason IS NOT NULL THEN 'erased' END
        WHERE tenant_id = $1 AND customer_id = $2 AND (notes <> '' OR reason <> 'erased')
        """
    private static let bills = "UPDATE bills SET notes = '' WHERE tenant_id = $1 AND customer_id = $2 AND notes <> ''"

    // MARK: - What he was told

    /// The rows of what he and his accounts were told, and staff of what he asked for, stay, without address and words; what still waits is
    /// not told. His wishes and devices go. That an address is not written to stays, by its digest alone.
    private func eraseNotices(_ customer: Customer, _ accounts: [ErasedAccount]) async throws -> [String: Int] {
        let people = accounts.map(\.id.value) + [customer.id.value]
        return try await run(
            [
                ("notices", Self.waiting), ("notices", Self.told), ("notice_preferences", Self.wishes),
                ("push_tokens", Self.devices),
            ],
            [.id(customer.tenantID), .uuids(people)],
            deadline: Self.deadline
        )
    }

    /// What went to him, and what staff were told of the boosts that he asked for, by their cause.
    private static let concernsHim = """
        recipient_id = ANY ($2::uuid[]) OR cause = ANY (ARRAY(SELECT 'boost:' || b.id || ':pending' FROM boosts b
            WHERE b.tenant_id = $1 AND b.customer_id = ANY ($2::uuid[])))
        """
    private static let waiting = """
        UPDATE notices SET address = NULL, facts = '{}', sealed_facts = NULL, state = 'cancelled', reason = 'erased', next_at = NULL,
            ended_at = clock_timestamp()
        WHERE tenant_id = $1 AND (\(concernsHim)) AND state IN ('queued', 'held')
        """
    private static let told = """
        UPDATE notices SET address = CASE WHEN recipient_id <> ALL ($2::uuid[]) THEN address END, facts = '{}', sealed_facts = NULL
        WHERE tenant_id = $1 AND (\(concernsHim)) AND (recipient_id = ANY ($2::uuid[]) AND address IS NOT NULL OR facts <> '{}')
        """
    private static let wishes = """
        DELETE FROM notice_preferences WHERE tenant_id = $1 AND recipient_id = ANY ($2::uuid[])
        """
    private static let devices = "DELETE FROM push_tokens WHERE tenant_id = $1 AND recipient_id = ANY ($2::uuid[])"

    // MARK: - The audit trail

    /// Places that are asked for at once.
    private static let places = 10_000

    private func eraseTrail(_ customer: Customer, _ accounts: [ErasedAccount]) async throws -> [[Int64: [UInt8]]] {
        let people = Set(accounts.map(\.id.value) + [customer.id.value])
        var left: [[Int64: [UInt8]]] = []
        while true {
            let places = try await transaction.query(
                "SELECT entry, recorded FROM personal_audit($1, $2, $3)",
                [.id(customer.tenantID), .id(customer.id), .int8(Int64(Self.places))],
                deadline: Self.deadline
            ).map { (number: try $0.need("entry", \.int64), recordedAt: try $0.need("recorded", \.time)) }
            for start in stride(from: 0, to: places.count, by: AuditErasure.most) {
                let some = places[start..<min(start + AuditErasure.most, places.count)]
                left.append(
                    try await erase(some.map(\.number), some.map(\.recordedAt), of: people, in: customer.tenantID)
                )
            }
            guard places.count == Self.places else { return left }
        }
    }

    private func erase(
        _ numbers: [Int64],
        _ times: [Timestamp],
        of people: Set<UUID128>,
        in tenant: TenantID
    ) async throws -> [Int64: [UInt8]] {
        let place: [PGValue] = [.id(tenant), .int8Array(numbers), .timestamptzArray(times.map(\.microseconds))]
        let records = try await transaction.query(AuditSQL.places, place).map(AuditSQL.record)
        for record in records where AuditLog.chain.content(of: record.entry) != record.contentHash {
            throw ErasureRefusal.trailBroken(number: record.number)
        }
        let rest = records.map { AuditErasure.redacted($0.entry, as: ids.next(), actsOf: people) }
        func text(_ value: AuditValue?) -> String? { value.map { String(decoding: $0.canonicalJSON, as: UTF8.self) } }
        let changed = try await transaction.query(
            "SELECT erase_audit_values($1, $2, $3, $4, $5, $6, $7, $8, $9) AS changed",
            [
                .id(tenant), .int8Array(records.map(\.number)),
                .timestamptzArray(records.map(\.recordedAt.microseconds)), .uuids(rest.map(\.id.value)),
                .textArray(rest.map(\.origin.address.description)), .textArray(rest.map(\.origin.userAgent)),
                .textArray(rest.map(\.reason)), .textArray(rest.map { text($0.old) }),
                .textArray(rest.map { text($0.new) }),
            ]
        ).first
        // Somebody erased some of them meanwhile: what is left of those is his to vouch for.
        guard changed?["changed"].int == records.count else { throw PersistenceError.versionChanged }
        let hashes = zip(records, rest).map { ($0.number, AuditLog.chain.content(of: $1)) }
        return Dictionary(hashes, uniquingKeysWith: { first, _ in first })
    }
}
