package import Domain
package import Postgres

/// The relay's view of the outbox, on a connection of its own that holds the shard's lock.
package final class OutboxStore: Sendable {
    private let session: PostgresSession
    private let shard: Int32

    /// `session` must serve this store alone: the shard's lock belongs to its connection.
    package init(_ session: PostgresSession, shard: Int32 = 0) {
        self.session = session
        self.shard = shard
    }

    /// Tries to become the shard's relay; the connection that holds the lock, or nil where another relay does.
    package func lead() async throws(StorageFault) -> Leadership? {
        let row = try await rows(OutboxSQL.lead, [.int4(OutboxSQL.lockClass), .int4(shard)]).first
        guard let row, row[0].bool == true, let backend = row[1].int32 else { return nil }
        return Leadership(backend: backend)
    }

    /// The oldest rows, at most `limit`; nil when the connection that held the lock is gone.
    package func oldest(_ limit: Int, under leadership: Leadership) async throws(StorageFault) -> [OutboxRow]? {
        let results = try await results([
            PGStatement(OutboxSQL.backend), PGStatement(OutboxSQL.oldest, [.int8(Int64(limit))]),
        ])
        guard results.count == 2, results[0].first?[0].int32 == leadership.backend else { return nil }
        return results[1].compactMap(Self.row)
    }

    /// Forgets published rows.
    package func delete(_ ids: [EventID]) async throws(StorageFault) {
        guard !ids.isEmpty else { return }
        _ = try await rows(OutboxSQL.delete, [.uuidArray(ids.map { ($0.value.high, $0.value.low) })])
    }

    /// Moves a row that the stream refuses for its own sake to the dead letters.
    package func bury(_ id: EventID, stream: String, relay: String, reason: String) async throws(StorageFault) {
        _ = try await rows(
            OutboxSQL.bury,
            [.uuid(high: id.value.high, low: id.value.low), .text(stream), .text(relay), .text(reason)]
        )
    }

    /// How many rows wait; `limit` stands for that many or more.
    package func pending(limit: Int = 100_000) async throws(StorageFault) -> Int {
        try await rows(OutboxSQL.pending, [.int8(Int64(limit))]).first?[0].int ?? 0
    }

    /// Proof of having been the shard's relay on one connection.
    package struct Leadership: Sendable, Equatable {
        let backend: Int32
    }

    private func rows(_ sql: String, _ parameters: [PGValue]) async throws(StorageFault) -> PGRows {
        try await results([PGStatement(sql, parameters)]).first ?? .none
    }

    private func results(_ statements: [PGStatement]) async throws(StorageFault) -> [PGRows] {
        do {
            return try await session.pipeline(statements)
        } catch {
            throw StorageFault(error)
        }
    }

    private static func row(_ row: PGRow) -> OutboxRow? {
        guard let id = row[0].uuid, let tenant = row[1].uuid, let type = row[2].text, let subject = row[3].text,
            let data = row[5].text, let created = row[8].timestamptz
        else { return nil }
        return OutboxRow(
            id: EventID(UUID128(high: id.high, low: id.low)),
            tenantID: TenantID(UUID128(high: tenant.high, low: tenant.low)),
            type: type,
            subject: subject,
            aggregateID: row[4].uuid.map { UUID128(high: $0.high, low: $0.low) },
            data: Array(data.utf8),
            correlationID: row[6].text,
            traceparent: row[7].text,
            createdAt: Timestamp(microseconds: created)
        )
    }
}
