package import Domain
import Events
package import Postgres
import WireFormat

/// Orders to change or end live sessions, as the pipelines' role, over all tenants. One process at a time carries them out:
/// see ``lead()``.
///
/// An order is stored once, however often its intent comes. Its end is stored once, together with its event
/// (`provisioning.completed`), the end of the operation that somebody follows, and a line of the tenant's audit trail.
package final class EnforcementStore: Sendable {
    let session: PostgresSession
    let ids: IDGenerator

    /// `session` serves this store alone: the leader's lock belongs to its connection.
    package init(_ session: PostgresSession, ids: IDGenerator) {
        self.session = session
        self.ids = ids
    }

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guardedRows { try await self.session.leads(EnforcementSQL.lockClass) }
    }

    /// Stores new orders; those that are known already, or of tenants that are gone, are passed over. Returns those that are to
    /// be carried out: not one that joined another for its session, see `EnforcementMeeting`.
    package func store(_ orders: [EnforcementOrder]) async throws(StorageFault) -> [EnforcementOrder] {
        guard !orders.isEmpty else { return [] }
        return try await guardedRows {
            try await self.session.transaction { transaction in
                let stored = try await transaction.query(EnforcementSQL.insert, Self.insertion(orders))
                let fresh = Set(stored.compactMap { Self.ref($0) })
                var unique: Set<EnforcementRef> = []
                let new = orders.filter {
                    fresh.contains(EnforcementRef($0)) && unique.insert(EnforcementRef($0)).inserted
                }
                guard !new.isEmpty else { return [] }
                return try await self.meet(new, transaction)
            }
        }
    }

    /// Orders whose time has come and, where `isRecovering`, those that somebody had sent; the longest due first, at most `limit`.
    package func due(at now: Timestamp, limit: Int, isRecovering: Bool = false) async throws(StorageFault)
        -> [EnforcementRef]
    {
        try await guardedRows {
            var statements = [PGStatement(EnforcementSQL.due, [.time(now), .int8(Int64(limit))])]
            if isRecovering { statements.append(PGStatement(EnforcementSQL.sent, [.int8(Int64(limit))])) }
            return try await self.session.pipeline(statements).flatMap { $0.compactMap { Self.ref($0) } }
        }
    }

    /// Orders that wait, for their NAS or for proof, and whose session ended; at most `limit`.
    package func over(limit: Int) async throws(StorageFault) -> [EnforcementRef] {
        try await guardedRows {
            try await self.session.query(EnforcementSQL.over, [.int8(Int64(limit))]).compactMap { Self.ref($0) }
        }
    }

    /// What is needed to carry those orders out. Those that have ended are left out. Lessons that are older than `lessonsSince`
    /// are forgotten.
    package func targets(_ refs: [EnforcementRef], lessonsSince: Timestamp) async throws(StorageFault)
        -> [EnforcementTarget]
    {
        guard !refs.isEmpty else { return [] }
        return try await guardedRows {
            try await self.session.query(
                EnforcementSQL.targets,
                [.uuids(refs.map(\.tenantID.value)), .uuids(refs.map(\.id.value)), .time(lessonsSince)]
            ).map { try EnforcementTarget($0) }
        }
    }

    /// Stores what orders have become, with everything that follows from those that ended, in one transaction. An order that had
    /// ended before stays as it is. Returns those that ended now, those that had joined them among them.
    @discardableResult
    package func write(_ outcomes: [EnforcementOutcome], at now: Timestamp) async throws(StorageFault)
        -> [EnforcementOrder]
    {
        guard !outcomes.isEmpty else { return [] }
        return try await guardedRows {
            try await self.session.transaction { transaction in
                try await self.write(outcomes, at: now, transaction)
            }
        }
    }

    /// How many orders are not answered yet, and since when the oldest waits.
    package func figures() async throws(StorageFault) -> (waiting: Int, oldest: Timestamp?) {
        try await guardedRows {
            let row = try await self.session.query(EnforcementSQL.figures).first
            return (row?["waiting"].int ?? 0, row?["oldest"].time)
        }
    }

    /// Removes orders that ended before that time, at most `limit`, and lessons that were learned before the other. Returns how
    /// many orders went.
    package func forget(
        before time: Timestamp,
        lessonsBefore: Timestamp,
        limit: Int
    ) async throws(StorageFault) -> Int {
        try await guardedRows {
            try await self.session.pipeline([
                PGStatement(EnforcementSQL.forget, [.time(time), .int8(Int64(limit))]),
                PGStatement(EnforcementSQL.forgetLessons, [.time(lessonsBefore)]),
            ])[0].affectedRows
        }
    }

    // MARK: - Storing

    private static func insertion(_ orders: [EnforcementOrder]) -> [PGValue] {
        [
            .uuids(orders.map(\.tenantID.value)), .uuids(orders.map(\.id.value)),
            .textArray(orders.map(\.kind.rawValue)), .textArray(orders.map(\.cause.rawValue)),
            .uuids(orders.map(\.nasID.value)), .uuids(orders.map { $0.sessionID?.value }),
            .uuids(orders.map { $0.admissionID?.value }), .uuids(orders.map { $0.serviceID?.value }),
            .uuids(orders.map(\.operationID)),
            .textArray(orders.map { $0.correlationID.map { String($0.unicodeScalars.prefix(128)) } }),
            .textArray(orders.map { $0.traceparent.flatMap { $0.utf8.count <= 64 ? $0 : nil } }),
            .timestamptzArray(orders.map(\.requestedAt.microseconds)),
            .timestamptzArray(orders.map(\.storedAt.microseconds)),
        ]
    }

    static func ref(_ row: PGRow) -> EnforcementRef? {
        guard let tenant: TenantID = row[0].id(), let id: EnforcementID = row[1].id() else { return nil }
        return EnforcementRef(tenantID: tenant, id: id)
    }
}
