package import Domain
import Events
import Postgres

/// A message that failed for its own sake until its attempts were used up.
package struct RefusedMessage: Sendable, Equatable {
    package var tenantID: TenantID
    package var stream: String
    package var consumer: String
    package var subject: String
    /// The message's id, or its place in the stream where it had none: what makes burying it twice once.
    package var messageID: String
    package var reason: String
    package var payload: [UInt8]

    package init(
        tenantID: TenantID,
        stream: String,
        consumer: String,
        subject: String,
        messageID: String,
        reason: String,
        payload: [UInt8]
    ) {
        self.tenantID = tenantID
        self.stream = stream
        self.consumer = consumer
        self.subject = subject
        self.messageID = messageID
        self.reason = reason
        self.payload = payload
    }

    /// The statement that keeps it. The column is text: what is not valid UTF-8 is repaired, and NUL, which Postgres cannot
    /// store, is shown as U+2400. The stream of dead letters has the octets as they were.
    var insert: PGStatement {
        let text = String(decoding: payload, as: UTF8.self)
        return PGStatement(
            """
            INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (tenant_id, stream, consumer, message_id) DO NOTHING
            """,
            [
                .uuid(high: tenantID.value.high, low: tenantID.value.low), .text(stream), .text(consumer),
                .text(Self.storable(subject)), .text(Self.storable(messageID)), .text(Self.storable(reason)),
                .text(Self.storable(text)),
            ]
        )
    }

    /// The event that tells of it.
    func event(id: (id: EventID, time: Timestamp), deliveries: Int) -> OutboxRow {
        OutboxRow(
            id: id.id,
            tenantID: tenantID,
            aggregateID: nil,
            payload: MessageDeadLettered(
                stream: stream,
                consumer: consumer,
                originalSubject: subject,
                messageID: messageID,
                reason: reason,
                deliveries: UInt32(clamping: deliveries)
            ),
            createdAt: id.time
        )
    }

    private static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(text.map { $0 == "\0" ? "\u{2400}" : $0 })
    }
}
