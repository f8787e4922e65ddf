package import Domain
package import Events
package import Postgres

/// One event on its way from a transaction to the stream DOMAIN.
package struct OutboxRow: Sendable, Equatable {
    /// The event's id and its `Nats-Msg-Id`. Ids made in ascending order are published in ascending order.
    package var id: EventID
    package var tenantID: TenantID
    /// The full name of the data's proto3 message.
    package var type: String
    /// The subject without its tenant.
    package var subject: String
    /// Events of one aggregate are published one after the other; nil where order does not matter.
    package var aggregateID: UUID128?
    /// The canonical JSON of the message.
    package var data: [UInt8]
    package var correlationID: String?
    package var traceparent: String?
    package var createdAt: Timestamp

    package init(
        id: EventID,
        tenantID: TenantID,
        type: String,
        subject: String,
        aggregateID: UUID128?,
        data: [UInt8],
        correlationID: String? = nil,
        traceparent: String? = nil,
        createdAt: Timestamp
    ) {
        self.id = id
        self.tenantID = tenantID
        self.type = type
        self.subject = subject
        self.aggregateID = aggregateID
        self.data = data
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.createdAt = createdAt
    }

    /// A row for `payload`.
    package init<Payload: EventPayload>(
        id: EventID,
        tenantID: TenantID,
        aggregateID: UUID128?,
        payload: Payload,
        createdAt: Timestamp
    ) {
        self.init(
            id: id,
            tenantID: tenantID,
            type: Payload.type,
            subject: Payload.subject,
            aggregateID: aggregateID,
            data: payload.json,
            createdAt: createdAt
        )
    }

    /// The event as it is published.
    package func envelope(source: String) -> EventEnvelope {
        EventEnvelope(
            id: id,
            source: source,
            type: type,
            time: createdAt,
            tenantID: tenantID,
            correlationID: correlationID,
            traceparent: traceparent,
            data: data
        )
    }
}

extension OutboxRow {
    /// The statement that adds the rows: part of the transaction whose change they announce.
    package static func insert(_ rows: [OutboxRow]) -> PGStatement {
        PGStatement(
            """
            INSERT INTO outbox (id, tenant_id, type, subject, aggregate_id, data, correlation_id, traceparent, created_at)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                $8::text[], $9::timestamptz[])
            """,
            [
                .uuidArray(rows.map { ($0.id.value.high, $0.id.value.low) }),
                .uuidArray(rows.map { ($0.tenantID.value.high, $0.tenantID.value.low) }),
                .textArray(rows.map(\.type)),
                .textArray(rows.map(\.subject)),
                .uuidArray(rows.map { row in row.aggregateID.map { ($0.high, $0.low) } }),
                .textArray(rows.map { String(decoding: $0.data, as: UTF8.self) }),
                .textArray(rows.map(\.correlationID)),
                .textArray(rows.map(\.traceparent)),
                .timestamptzArray(rows.map(\.createdAt.microseconds)),
            ]
        )
    }
}
