package import Domain
package import Postgres

/// Closes open sessions of which nothing is heard any more (SES-08).
package struct StaleSessions: Sendable {
    private let session: PostgresSession
    private let random: @Sendable () -> UInt64

    package init(
        _ session: PostgresSession,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.random = random
    }

    /// Closes at most `limit` sessions that were silent for `silence` and for three of their interim intervals before
    /// `watermark`, and puts their `SessionStopped` into the outbox with them. Returns how many were
    /// found and how many closed; `ended` hears of those that are services', once they are committed.
    ///
    /// Sessions whose locks another transaction holds are being written right now, so they are left alone.
    package func close(
        silentFor silence: Duration,
        before watermark: Timestamp,
        limit: Int,
        ended: ([EndedSession]) -> Void = { _ in }
    ) async throws(StorageFault) -> (found: Int, closed: Int) {
        do {
            let result = try await session.transaction { transaction in
                let found = try await transaction.query(
                    MaintenanceSQL.stale,
                    [
                        .timestamptz((watermark - silence).microseconds), .timestamptz(watermark.microseconds),
                        .int8(Int64(limit)),
                    ]
                )
                let stale = try await transaction.locked(found.map(SessionReference.init))
                guard !stale.isEmpty else { return (found: found.count, closed: 0, ended: [EndedSession]()) }
                let results = try await transaction.pipeline([
                    PGStatement(
                        MaintenanceSQL.closeStale,
                        [
                            .uuids(stale.map(\.tenantID)), .uuids(stale.map(\.id)),
                            .timestamptzArray(stale.map(\.time)),
                        ]
                    ),
                    PGStatement(AccountingSQL.clock),
                ])
                let closed = results[0].map(SessionState.init)
                let time = Timestamp(microseconds: results[1].first?[0].timestamptz ?? 0)
                var ids = EventIDs(from: time, random: random)
                let events = closed.compactMap { OutboxRow.stopped($0, amended: false, id: ids.next()) }
                if !events.isEmpty { try await transaction.pipeline([OutboxRow.insert(events)]) }
                return (found: found.count, closed: closed.count, ended: closed.compactMap { EndedSession($0) })
            }
            ended(result.ended)
            return (result.found, result.closed)
        } catch {
            throw StorageFault(error)
        }
    }
}

/// What maintenance has to know of a session to lock it and to find it unchanged again.
struct SessionReference {
    let tenantID: UUID128
    let id: UUID128
    let key: UUID128
    let nasID: NASID
    /// last_update_at or ended_at, whichever the statement returned.
    let time: Int64

    init(_ row: PGRow) {
        tenantID = UUID128(row[0])
        id = UUID128(row[1])
        key = UUID128(row[2])
        nasID = NASID(UUID128(row[3]))
        time = row[4].timestamptz ?? 0
    }
}

extension PostgresSessionTransaction {
    /// Those of the sessions whose locks could be had at once.
    func locked(_ sessions: [SessionReference]) async throws -> [SessionReference] {
        guard !sessions.isEmpty else { return [] }
        let rows = try await pipeline([SessionLocks.trying(sessions.map { ($0.nasID, $0.key) })]).first ?? .none
        return rows.compactMap { row in row[0].int.map { sessions[$0 - 1] } }
    }
}
