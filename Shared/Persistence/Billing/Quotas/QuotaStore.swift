import Billing
package import Domain
import Events
package import Postgres
import Synchronization

/// What a round of the worker did, for metrics and log lines.
package struct QuotaCommit: Sendable, Equatable {
    /// Uses that were counted, and those of services that are gone.
    package var counted = 0
    package var lost = 0
    /// Thresholds that were told.
    package var crossings = 0
    /// Services that were slowed down, kept out, and let be again.
    package var throttled = 0
    package var blocked = 0
    package var restored = 0
    /// Charges that were ordered.
    package var ordered = 0

    package init() {}

    /// Whether anything but counting was done.
    package var didAnything: Bool { crossings + throttled + blocked + restored + ordered > 0 }
}

/// The worker's side of quotas: counts use, judges windows, and changes what services may, on a connection of its own that holds
/// the lock of whoever counts.
///
/// Counts, the place in the stream, restrictions and events are one commit: a message that comes again finds the place moved on.
package final class QuotaStore: Sendable {
    private let session: PostgresSession
    private let zone: @Sendable (String?) -> TimeZoneRules
    private let random: @Sendable () -> UInt64
    private let backend = Mutex<Int32?>(nil)

    /// `session` works as nexora_billing and must serve this store alone. `zone` knows the clocks by their names, and UTC where
    /// there is none.
    package init(
        _ session: PostgresSession,
        zone: @escaping @Sendable (String?) -> TimeZoneRules,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.zone = zone
        self.random = random
    }

    // MARK: - Leading

    /// Tries to become the one who counts; false while somebody else is.
    package func lead() async throws(StorageFault) -> Bool {
        do {
            let row = try await session.query(QuotaSQL.lead, [.int4(QuotaSQL.lockClass)]).first
            let leads = row?["leads"].bool == true
            let found = leads ? row?["backend"].int32 : nil
            backend.withLock { $0 = found }
            return leads
        } catch {
            throw StorageFault(error)
        }
    }

    /// How far that stream was counted; nil where it never was.
    package func progress(_ stream: String) async throws(StorageFault) -> QuotaProgress? {
        do {
            let rows = try await session.query(
                "SELECT created, last FROM quota_progress WHERE stream = $1",
                [.text(stream)]
            )
            guard let row = rows.first, let created = row["created"].int64, let last = row["last"].int64 else {
                return nil
            }
            return QuotaProgress(created: created, last: UInt64(clamping: last))
        } catch {
            throw StorageFault(error)
        }
    }

    // MARK: - Counting

    /// Counts what was used and moves the stream's place, all in one commit. Throws `conflict` where this store does not lead any
    /// more, or somebody else moved the place.
    package func count(
        _ uses: [ServiceUse],
        of stream: String,
        from old: QuotaProgress?,
        to new: QuotaProgress,
        now: Timestamp
    ) async throws(StorageFault) -> QuotaCommit {
        try await commit { transaction in
            let services = Array(Set(uses.map(\.service))).sorted()
            let results = try await transaction.pipeline([
                PGStatement(QuotaSQL.backend), QuotaSQL.advance(stream, from: old, to: new),
                QuotaSQL.subjects(services), QuotaSQL.quotas(services),
            ])
            try self.checkLead(results[0])
            guard results[1].affectedRows == 1 else { throw StorageFault.conflict("the stream's place was moved") }
            let book = try QuotaBook(subjects: results[2], quotas: results[3], zone: self.zone)
            let sums = book.sums(uses)
            var commit = QuotaCommit()
            commit.counted = sums.counted
            commit.lost = uses.count - sums.counted
            guard sums.counted > 0 else { return commit }
            let added = try await transaction.pipeline([
                QuotaSQL.addHours(sums.hours), QuotaSQL.addUse(sums.windows),
            ])
            let rows = try added[1].map { try QuotaUseRow($0) }
            try await self.judge(rows, book, now, transaction, &commit)
            return commit
        }
    }

    /// Judges all open windows of these services anew, under their plans' quotas as they are now, and puts right what they may.
    package func review(_ services: [ServiceRef], now: Timestamp) async throws(StorageFault) -> QuotaCommit {
        guard !services.isEmpty else { return QuotaCommit() }
        return try await commit { transaction in
            var commit = QuotaCommit()
            try await self.review(services, now, transaction, &commit)
            return commit
        }
    }

    /// Services whose restriction is over, or is to be looked at again; at most `limit`.
    package func due(now: Timestamp, limit: Int) async throws(StorageFault) -> [ServiceRef] {
        try await services(
            """
            SELECT s.tenant_id, s.id FROM services s WHERE s.restriction <> 'none' AND s.restricted_until <= $1
            ORDER BY s.tenant_id, s.restricted_until LIMIT $2
            """,
            [.timestamptz(now.microseconds), .int8(Int64(limit))]
        )
    }

    /// The next services behind that one that are restricted or have an open window; at most `limit`.
    package func watched(
        after last: ServiceRef?,
        now: Timestamp,
        limit: Int
    ) async throws(StorageFault) -> [ServiceRef] {
        try await services(
            """
            SELECT s.tenant_id, s.id FROM services s
            WHERE (s.tenant_id, s.id) > ($1, $2) AND (s.restriction <> 'none' OR EXISTS (
                SELECT FROM quota_usage u WHERE u.tenant_id = s.tenant_id AND u.service_id = s.id AND u.window_end > $3))
            ORDER BY s.tenant_id, s.id LIMIT $4
            """,
            [
                .id(last?.tenantID ?? TenantID(.zero)), .id(last?.serviceID ?? ServiceID(.zero)),
                .timestamptz(now.microseconds), .int8(Int64(limit)),
            ]
        )
    }

    // MARK: - For orders

    /// A transaction of the one who counts.
    func commit(
        _ body: @escaping @Sendable (PostgresSessionTransaction) async throws -> QuotaCommit
    ) async throws(StorageFault) -> QuotaCommit {
        try await guardedRows { try await session.transaction(settings: Self.settings) { try await body($0) } }
    }

    func query(_ sql: String, _ parameters: [PGValue]) async throws(StorageFault) -> PGRows {
        do {
            return try await session.query(sql, parameters)
        } catch {
            throw StorageFault(error)
        }
    }

    /// The open windows of the services, judged under their plans' quotas.
    func review(
        _ services: [ServiceRef],
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction,
        _ commit: inout QuotaCommit
    ) async throws {
        let results = try await transaction.pipeline([
            PGStatement(QuotaSQL.backend), QuotaSQL.subjects(services), QuotaSQL.quotas(services),
            QuotaSQL.openUse(services, now: now),
        ])
        try checkLead(results[0])
        let book = try QuotaBook(subjects: results[1], quotas: results[2], zone: zone)
        let rows = try results[3].map { try QuotaUseRow($0) }
        try await judge(rows, book, now, transaction, &commit, always: services)
    }

    func checkLead(_ rows: PGRows) throws(StorageFault) {
        guard let found = rows.first?["backend"].int32, backend.withLock({ $0 }) == found else {
            throw .conflict("somebody else counts")
        }
    }

    func zoneRules(_ name: String?) -> TimeZoneRules { zone(name) }

    // MARK: - Judging

    private func judge(
        _ rows: [QuotaUseRow],
        _ book: QuotaBook,
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction,
        _ commit: inout QuotaCommit,
        always: [ServiceRef] = []
    ) async throws {
        let findings = book.judge(rows, now: now)
        let affected = Array(Set(findings.affected).union(always)).sorted()
        var statements: [PGStatement] = []
        if !findings.changed.isEmpty { statements.append(QuotaSQL.note(findings.changed)) }
        if !findings.orders.isEmpty { statements.append(QuotaOrders.insert(findings.orders)) }
        let headroom = book.headroom(rows, now: now)
        if !headroom.isEmpty { statements.append(QuotaSQL.tell(headroom)) }
        if !affected.isEmpty { statements.append(QuotaSQL.openUse(affected, now: now)) }
        var events = findings.events
        guard !statements.isEmpty || !events.isEmpty else { return }
        let results = statements.isEmpty ? [] : try await transaction.pipeline(statements)
        if !affected.isEmpty, let open = results.last {
            let changes = book.changes(affected, open: try open.map { try QuotaUseRow($0) }, now: now)
            events += try await restrict(changes, now, transaction, &commit)
        }
        commit.crossings += findings.events.count
        commit.ordered += findings.orders.count
        guard !events.isEmpty else { return }
        var ids = EventIDs(from: now, random: random)
        let outbox = events.map { event in
            let id = ids.next()
            return event.row(id.id, at: id.time)
        }
        try await transaction.pipeline([OutboxRow.insert(outbox)])
    }

    private func restrict(
        _ changes: [(subject: QuotaSubject, to: QuotaRestriction)],
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction,
        _ commit: inout QuotaCommit
    ) async throws -> [QuotaEvent] {
        guard !changes.isEmpty else { return [] }
        var versions: [ServiceRef: UInt64] = [:]
        for row in try await transaction.pipeline([QuotaSQL.restrict(changes)])[0] {
            let ref = ServiceRef(
                tenantID: try row.need("tenant_id") { $0.id() },
                serviceID: try row.need("id") { $0.id() }
            )
            versions[ref] = UInt64(clamping: try row.need("row_version", \.int64))
        }
        return changes.compactMap { change in
            guard let version = versions[change.subject.ref] else { return nil }
            let (effect, until): (AccessChanged.Effect, Timestamp?) =
                switch change.to {
                case .none: (.restored, nil)
                case .throttled(_, let until): (.throttled, until)
                case .blocked(let until): (.blocked, until)
                }
            switch effect {
            case .throttled: commit.throttled += 1
            case .blocked: commit.blocked += 1
            case .restored, .boosted: commit.restored += 1
            }
            return .access(
                change.subject.ref.tenantID,
                AccessChanged(
                    serviceID: change.subject.ref.serviceID,
                    customerID: change.subject.customerID,
                    effect: effect,
                    cause: .quota,
                    until: until,
                    version: version
                )
            )
        }
    }

    private func services(_ sql: String, _ parameters: [PGValue]) async throws(StorageFault) -> [ServiceRef] {
        try await query(sql, parameters).compactMap { row in
            guard let tenant: TenantID = row["tenant_id"].id(), let service: ServiceID = row["id"].id() else {
                return nil
            }
            return ServiceRef(tenantID: tenant, serviceID: service)
        }
    }

    /// Rows are looked up by their keys, by plans made with the arrays' lengths at hand.
    private static let settings = [("plan_cache_mode", "force_custom_plan"), ("jit", "off")]
}

/// An event on its way into the outbox.
enum QuotaEvent: Sendable {
    case crossed(TenantID, QuotaCrossed)
    case access(TenantID, AccessChanged)

    func row(_ id: EventID, at time: Timestamp) -> OutboxRow {
        switch self {
        case .crossed(let tenant, let payload):
            OutboxRow(
                id: id,
                tenantID: tenant,
                aggregateID: payload.serviceID.value,
                payload: payload,
                createdAt: time
            )
        case .access(let tenant, let payload):
            OutboxRow(
                id: id,
                tenantID: tenant,
                aggregateID: payload.serviceID.value,
                payload: payload,
                createdAt: time
            )
        }
    }
}
