/// An event for an endpoint (table webhook_deliveries), without its payload.
package struct WebhookDelivery: Hashable, Sendable {
    /// The raw values are stored and told.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// It waits for its turn, or for another attempt.
        case pending
        /// It is with the receiver.
        case sending
        case delivered
        /// It is not tried any more by itself.
        case failed
        /// Its endpoint is disabled.
        case held

        /// Nothing changes any more, unless somebody asks for it.
        package var isFinal: Bool { self == .delivered || self == .failed }
    }

    package var tenantID: TenantID
    package var id: WebhookDeliveryID
    package var endpointID: WebhookEndpointID
    /// The `webhook-id`: the same however often it is sent.
    package var eventID: EventID
    package var eventTenantID: TenantID
    /// Such as `session.started`.
    package var kind: String
    /// Its place in the stream; 0 for a test.
    package var sequence: Int64
    package var isTest: Bool
    package var state: State
    package var attempts: Int
    package var firstAt: Timestamp?
    package var nextAt: Timestamp?
    package var lastStatus: Int?
    package var latencyMilliseconds: Int?
    package var lastError: String?
    package var excerpt: String?
    package var createdAt: Timestamp
    package var endedAt: Timestamp?

    package init(
        tenantID: TenantID,
        id: WebhookDeliveryID,
        endpointID: WebhookEndpointID,
        eventID: EventID,
        eventTenantID: TenantID,
        kind: String,
        sequence: Int64,
        isTest: Bool = false,
        state: State = .pending,
        attempts: Int = 0,
        createdAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.endpointID = endpointID
        self.eventID = eventID
        self.eventTenantID = eventTenantID
        self.kind = kind
        self.sequence = sequence
        self.isTest = isTest
        self.state = state
        self.attempts = attempts
        self.createdAt = createdAt
    }
}

/// One time that a delivery was sent (table webhook_attempts).
package struct WebhookAttempt: Hashable, Sendable {
    package var number: Int
    package var at: Timestamp
    /// Nil where no answer came.
    package var status: Int?
    package var latencyMilliseconds: Int
    /// A word; nil where the receiver took it.
    package var error: String?
    /// The beginning of the answer, at most 1 KiB.
    package var excerpt: String?

    package init(
        number: Int,
        at: Timestamp,
        status: Int?,
        latencyMilliseconds: Int,
        error: String?,
        excerpt: String? = nil
    ) {
        self.number = number
        self.at = at
        self.status = status
        self.latencyMilliseconds = latencyMilliseconds
        self.error = error
        self.excerpt = excerpt
    }
}

/// Events of the past, asked for once more for one endpoint (table webhook_replays).
package struct WebhookReplay: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending, running, done, failed, cancelled

        package var isFinal: Bool { self != .pending && self != .running }
    }

    /// Where it begins.
    package enum Start: Hashable, Sendable {
        case sequence(Int64)
        case time(Timestamp)
    }

    package var tenantID: TenantID
    package var id: WebhookReplayID
    package var endpointID: WebhookEndpointID
    package var start: Start
    /// How far it has read, and how far it reads; nil before it began.
    package var position: Int64?
    package var untilSequence: Int64?
    package var state: State
    /// A word: why it failed.
    package var reason: String?
    /// Events that it wrote, or wrote again.
    package var found: Int
    package var requestedBy: UUID128
    package var requestedAt: Timestamp
    package var endedAt: Timestamp?

    package init(
        tenantID: TenantID,
        id: WebhookReplayID,
        endpointID: WebhookEndpointID,
        start: Start,
        requestedBy: UUID128,
        requestedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.endpointID = endpointID
        self.start = start
        state = .pending
        found = 0
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
    }

    /// Events that one replay writes at most.
    package static let most = 100_000
}
