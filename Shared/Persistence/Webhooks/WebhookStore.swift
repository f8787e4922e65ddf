package import Domain
import Events
package import Postgres

/// Up to where the stream of events was read.
package struct WebhookPosition: Hashable, Sendable {
    package var sequence: UInt64
    /// Which stream, by when it was made: one that was made anew numbers anew.
    package var created: Int64

    package init(sequence: UInt64, created: Int64) {
        self.sequence = sequence
        self.created = created
    }
}

/// A delivery that is to be written.
package struct PlannedDelivery: Hashable, Sendable {
    package var tenantID: TenantID
    package var endpointID: WebhookEndpointID
    package var eventID: EventID
    package var eventTenantID: TenantID
    package var kind: String
    package var sequence: UInt64
    package var payload: [UInt8]

    package init(
        tenantID: TenantID,
        endpointID: WebhookEndpointID,
        eventID: EventID,
        eventTenantID: TenantID,
        kind: String,
        sequence: UInt64,
        payload: [UInt8]
    ) {
        self.tenantID = tenantID
        self.endpointID = endpointID
        self.eventID = eventID
        self.eventTenantID = eventTenantID
        self.kind = kind
        self.sequence = sequence
        self.payload = payload
    }
}

/// An endpoint, named.
package struct WebhookRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: WebhookEndpointID

    package init(tenantID: TenantID, id: WebhookEndpointID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// A delivery that is to be sent now, with what that takes.
package struct ClaimedDelivery: Sendable {
    package var delivery: WebhookDelivery
    package var payload: [UInt8]
    package var url: String
    package var allowPrivate: Bool
    package var rate: Int
    package var standing: WebhookStanding
    package var sealedSecret: [UInt8]
    /// While it signs too.
    package var sealedPrevious: [UInt8]?
    package var sealedKey: [UInt8]?
    /// Nobody else sends it before that.
    package var claimedUntil: Timestamp

    package init(
        delivery: WebhookDelivery,
        payload: [UInt8],
        url: String,
        allowPrivate: Bool,
        rate: Int,
        standing: WebhookStanding,
        sealedSecret: [UInt8],
        sealedPrevious: [UInt8]? = nil,
        sealedKey: [UInt8]? = nil,
        claimedUntil: Timestamp
    ) {
        self.delivery = delivery
        self.payload = payload
        self.url = url
        self.allowPrivate = allowPrivate
        self.rate = rate
        self.standing = standing
        self.sealedSecret = sealedSecret
        self.sealedPrevious = sealedPrevious
        self.sealedKey = sealedKey
        self.claimedUntil = claimedUntil
    }

    package var ref: WebhookRef { WebhookRef(tenantID: delivery.tenantID, id: delivery.endpointID) }
}

/// What became of a claimed delivery.
package struct WebhookOutcome: Sendable {
    package enum End: Hashable, Sendable {
        case delivered
        case failed
        case again(at: Timestamp)
        /// The endpoint is disabled: it waits there.
        case held
    }

    package var end: End
    package var attempt: WebhookAttempt
    package var standing: WebhookStanding
    /// Why the endpoint is disabled by it; with the host that is told.
    package var disabled: (reason: String, host: String)?

    package init(
        end: End,
        attempt: WebhookAttempt,
        standing: WebhookStanding,
        disabled: (reason: String, host: String)? = nil
    ) {
        self.end = end
        self.attempt = attempt
        self.standing = standing
        self.disabled = disabled
    }
}

/// What waits and how endpoints fare.
package struct WebhookFigures: Hashable, Sendable {
    package var pending = 0
    package var held = 0
    package var oldest: Timestamp?
    package var enabled = 0
    package var disabled = 0
    package var failing = 0

    package init() {}
}

/// Webhooks as the notifier's role, over all tenants. One process at a time works with it: see ``lead()``.
package final class WebhookStore: Sendable {
    let session: PostgresSession
    private let ids: IDGenerator

    /// `session` serves this store alone: the leader's lock belongs to its connection.
    package init(_ session: PostgresSession, ids: IDGenerator) {
        self.session = session
        self.ids = ids
    }

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guarded { try await self.session.leads(WebhookSQL.lockClass) }
    }

    // MARK: - Reading events

    /// Who is to be told of what, as it is now.
    package func roster() async throws(StorageFault) -> WebhookRoster {
        try await guardedRows {
            let rows = try await self.session.pipeline([
                PGStatement(WebhookSQL.roster), PGStatement(WebhookSQL.parents),
            ])
            let entries = try rows[0].map { row in
                WebhookRoster.Entry(
                    tenantID: try row.need("tenant_id") { $0.id() },
                    id: try row.need("id") { $0.id() },
                    events: try row.need("events", \.textArray).compactMap { $0 },
                    includesChildren: try row.need("includes_children", \.bool),
                    revealsPeople: try row.need("reveals_people", \.bool)
                )
            }
            var parents: [TenantID: TenantID] = [:]
            for row in rows[1] { parents[try row.need("id") { $0.id() }] = try row.need("parent_id") { $0.id() } }
            return WebhookRoster(entries, parents: parents)
        }
    }

    /// Up to where the stream was read; nil where nothing was yet.
    package func position() async throws(StorageFault) -> WebhookPosition? {
        try await guardedRows {
            try await self.session.query("SELECT sequence, stream_created FROM webhook_position").first.map { row in
                WebhookPosition(
                    sequence: UInt64(clamping: try row.need("sequence", \.int64)),
                    created: try row.need("stream_created", \.int64)
                )
            }
        }
    }

    /// Where reading begins, or begins anew: the stream is another one, or nobody has read yet.
    package func begin(at position: WebhookPosition) async throws(StorageFault) {
        try await guarded {
            _ = try await self.session.query(
                WebhookSQL.begin,
                [.int8(Int64(clamping: position.sequence)), .int8(position.created)]
            )
        }
    }

    /// Moves the place on and writes the deliveries of what lies between, in one transaction: of an event that is met twice there is one
    /// for each endpoint. Throws `conflict` where somebody else has moved it. Returns how many were written.
    @discardableResult
    package func advance(
        from place: WebhookPosition,
        through sequence: UInt64,
        _ deliveries: [PlannedDelivery],
        at now: Timestamp
    ) async throws(StorageFault) -> Int {
        let moved: Int? = try await guarded {
            try await self.session.transaction { transaction in
                let rows = try await transaction.query(
                    WebhookSQL.advance,
                    [
                        .int8(Int64(clamping: place.sequence)), .int8(place.created),
                        .int8(Int64(clamping: sequence)),
                    ]
                )
                guard rows.affectedRows == 1 else { return nil }
                guard !deliveries.isEmpty else { return 0 }
                return try await transaction.query(WebhookSQL.plan, WebhookSQL.values(deliveries, now)).affectedRows
            }
        }
        guard let moved else { throw .conflict("another process has read on") }
        return moved
    }

    // MARK: - Sending

    /// Endpoints that have something to be sent to now, those that wait longest first.
    package func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [WebhookRef] {
        try await guardedRows {
            try await self.session.query(WebhookSQL.due, [.time(now), .int8(Int64(limit))]).map { row in
                WebhookRef(
                    tenantID: try row.need("tenant_id") { $0.id() },
                    id: try row.need("endpoint_id") { $0.id() }
                )
            }
        }
    }

    /// Takes the first of what waits for an endpoint; nil where nothing does, or not yet. A claim that lapsed is taken again.
    package func claim(_ ref: WebhookRef, at now: Timestamp, until: Timestamp) async throws(StorageFault)
        -> ClaimedDelivery?
    {
        try await guardedRows {
            let rows = try await self.session.query(
                WebhookSQL.claim,
                [.id(ref.tenantID), .id(ref.id), .time(now), .time(until)]
            )
            return try rows.first.map { row in
                ClaimedDelivery(
                    delivery: try WebhookRows.delivery(row),
                    payload: Array(try row.need("payload", \.text).utf8),
                    url: try row.need("url", \.text),
                    allowPrivate: try row.need("allow_private", \.bool),
                    rate: try row.need("rate", \.int),
                    standing: try WebhookRows.standing(row, error: "standing_error"),
                    sealedSecret: try row.need("sealed_secret", \.bytes),
                    sealedPrevious: row["sealed_previous"].bytes,
                    sealedKey: row["sealed_key"].bytes,
                    claimedUntil: until
                )
            }
        }
    }

    /// Stores what became of it, with its attempt, the endpoint's standing and, where that disables it, the event, in one transaction.
    /// False where the claim was somebody else's by then, or the endpoint is gone: nothing is stored.
    package func finish(_ claimed: ClaimedDelivery, _ outcome: WebhookOutcome, at now: Timestamp)
        async throws(StorageFault)
        -> Bool
    {
        try await guarded {
            try await self.session.transaction { transaction in
                let ended = try await transaction.query(
                    WebhookSQL.finish,
                    WebhookSQL.values(claimed, outcome, now)
                )
                guard ended.affectedRows == 1 else { return false }
                var statements = [
                    PGStatement(WebhookSQL.attempt, WebhookSQL.values(claimed.delivery, outcome.attempt))
                ]
                if !claimed.delivery.isTest {
                    statements.append(
                        PGStatement(WebhookSQL.standing, WebhookSQL.values(claimed.ref, outcome.standing))
                    )
                }
                _ = try await transaction.pipeline(statements)
                if let disabled = outcome.disabled {
                    try await self.disable(claimed, disabled, outcome, now, transaction)
                }
                return true
            }
        }
    }

    private func disable(
        _ claimed: ClaimedDelivery,
        _ disabled: (reason: String, host: String),
        _ outcome: WebhookOutcome,
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        let ref = claimed.ref
        let rows = try await transaction.query(
            """
            UPDATE webhook_endpoints SET is_enabled = false, disabled_reason = $3, disabled_at = $4
            WHERE tenant_id = $1 AND id = $2 AND is_enabled
            """,
            [.id(ref.tenantID), .id(ref.id), .text(disabled.reason), .time(now)]
        )
        guard rows.affectedRows == 1 else { return }
        let event = OutboxRow(
            id: ids.next(),
            tenantID: ref.tenantID,
            aggregateID: ref.id.value,
            payload: WebhookEndpointDisabled(
                endpointID: ref.id,
                host: disabled.host,
                reason: disabled.reason,
                since: outcome.standing.failingSince,
                failures: Int64(outcome.standing.failures),
                at: now
            ),
            createdAt: now
        )
        _ = try await transaction.pipeline([
            PGStatement(
                """
                UPDATE webhook_deliveries SET state = 'held', next_at = NULL
                WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND NOT is_test
                """,
                [.id(ref.tenantID), .id(ref.id)]
            ),
            OutboxRow.insert([event]),
        ])
    }

    // MARK: - Upkeep

    package func figures() async throws(StorageFault) -> WebhookFigures {
        try await guarded {
            let row = try await self.session.query(WebhookSQL.figures).first
            var figures = WebhookFigures()
            figures.pending = row?["pending"].int ?? 0
            figures.oldest = row?["oldest"].time
            figures.held = row?["held"].int ?? 0
            figures.enabled = row?["enabled"].int ?? 0
            figures.disabled = row?["disabled"].int ?? 0
            figures.failing = row?["failing"].int ?? 0
            return figures
        }
    }

    /// Removes what was written before that time and is not waiting, and replays that ended before it, each at most `limit`.
    @discardableResult
    package func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await guarded {
            let values: [PGValue] = [.time(time), .int8(Int64(limit))]
            let rows = try await self.session.pipeline([
                PGStatement(WebhookSQL.forgetDeliveries, values), PGStatement(WebhookSQL.forgetReplays, values),
            ])
            return rows.reduce(0) { $0 + $1.affectedRows }
        }
    }
}
