package import Domain
import Postgres

/// A message that failed for its own sake, as it was buried.
package struct BuriedMessage: Sendable, Equatable {
    package let tenantID: TenantID
    package let id: UUID128
    /// The stream it was read from.
    package let stream: String
    /// The consumer that gave it up.
    package let consumer: String
    package let subject: String
    /// Its Nats-Msg-Id.
    package let messageID: String
    /// Why it failed.
    package let reason: String
    package let payload: String
    package let failedAt: Timestamp
    /// When it was last sent again; nil when never.
    package let replayedAt: Timestamp?
}

/// The dead letters of one scope.
package struct DeadLetterRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, stream, consumer, subject, message_id, reason, payload, failed_at, replayed_at
        """

    /// Up to `limit` letters in the order they were buried, after the one named.
    package func list(after: UUID128? = nil, limit: Int, onlyWaiting: Bool) async throws -> [BuriedMessage] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM dead_letters
            WHERE ($1::uuid IS NULL OR id > $1) AND (replayed_at IS NULL OR NOT $3) ORDER BY id LIMIT $2
            """,
            [after.map { .uuid(high: $0.high, low: $0.low) } ?? .null, .int8(Int64(limit)), .bool(onlyWaiting)]
        ).map(Self.letter)
    }

    /// The letter of that id; locked, so that two replays do not send it twice, when asked for.
    package func find(_ id: UUID128, forUpdate: Bool = false) async throws -> BuriedMessage? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM dead_letters WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.uuid(high: id.high, low: id.low)]
        ).first.map(Self.letter)
    }

    /// Notes that a letter was sent again.
    package func markReplayed(_ letter: BuriedMessage) async throws {
        let rows = try await transaction.query(
            "UPDATE dead_letters SET replayed_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
            [.id(letter.tenantID), .uuid(high: letter.id.high, low: letter.id.low)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    static func letter(_ row: PGRow) throws -> BuriedMessage {
        BuriedMessage(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } },
            stream: try row.need("stream", \.text),
            consumer: try row.need("consumer", \.text),
            subject: try row.need("subject", \.text),
            messageID: try row.need("message_id", \.text),
            reason: try row.need("reason", \.text),
            payload: try row.need("payload", \.text),
            failedAt: try row.need("failed_at", \.time),
            replayedAt: row["replayed_at"].time
        )
    }
}
