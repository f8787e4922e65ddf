package import Domain
import Postgres

/// A notice that this process alone sends, until its claim lapses.
package struct ClaimedNotice: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: NoticeID
    package var cause: String
    package var kind: String
    package var channel: String
    package var recipientKind: String
    package var recipientID: UUID128
    package var address: String?
    package var language: String
    package var priority: Int
    /// Canonical JSON, as `notices.facts` holds it.
    package var facts: String
    package var sealedFacts: [UInt8]?
    /// What is looked at again before it is sent.
    package var about: String
    package var digestKey: String?
    /// Failures of its own before this.
    package var attempts: Int
    package var campaignID: UUID128?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp

    package init(
        tenantID: TenantID,
        id: NoticeID,
        kind: String,
        channel: String,
        recipientID: UUID128,
        createdAt: Timestamp,
        expiresAt: Timestamp
    ) {
        (self.tenantID, self.id, self.kind, self.channel) = (tenantID, id, kind, channel)
        (self.recipientID, self.createdAt, self.expiresAt) = (recipientID, createdAt, expiresAt)
        (cause, recipientKind, language, priority) = ("", "customer", "en", 1)
        (facts, about, attempts) = ("{}", "{}", 0)
    }

    init(_ row: PGRow) throws {
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            kind: try row.need("kind", \.text),
            channel: try row.need("channel", \.text),
            recipientID: UUID128(row["recipient_id"]),
            createdAt: try row.need("created_at", \.time),
            expiresAt: try row.need("expires_at", \.time)
        )
        cause = try row.need("cause", \.text)
        recipientKind = try row.need("recipient_kind", \.text)
        address = row["address"].text
        language = try row.need("language", \.text)
        priority = try row.need("priority", \.int)
        facts = try row.need("facts", \.text)
        sealedFacts = row["sealed_facts"].bytes
        about = try row.need("about", \.text)
        digestKey = row["digest_key"].text
        attempts = try row.need("attempts", \.int)
        campaignID = row["campaign_id"].uuid.map { UUID128(high: $0.high, low: $0.low) }
    }
}

/// What becomes of a claimed notice.
package struct NoticeRecord: Hashable, Sendable {
    /// Where it stands then: never `sending`.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case queued, held, sent, failed, dropped, expired, unknown

        /// Whether nothing more is done about it by itself.
        package var isFinal: Bool { self != .queued && self != .held }
    }

    /// One time that a provider was asked.
    package struct Attempt: Hashable, Sendable {
        package enum Outcome: String, Hashable, Sendable, CaseIterable {
            case accepted, refused, failed, outage, unknown
        }

        package var provider: NoticeProviderID?
        package var outcome: Outcome
        package var reason: String?
        package var detail: String?
        package var at: Timestamp

        package init(
            provider: NoticeProviderID?,
            outcome: Outcome,
            reason: String? = nil,
            detail: String? = nil,
            at: Timestamp
        ) {
            self.provider = provider
            self.outcome = outcome
            self.reason = reason
            self.detail = detail
            self.at = at
        }
    }

    package var notice: ClaimedNotice
    package var state: State
    /// A stable word; there is one where it was held, failed or dropped.
    package var reason: String?
    package var detail: String?
    /// Failures of its own, with this one.
    package var attempts: Int
    /// When it is tried again: of those that are queued or held, and of no others.
    package var nextAt: Timestamp?
    package var provider: NoticeProviderID?
    /// What the provider's receipts name it by.
    package var providerMessage: String?
    package var segments: Int?
    package var asked: [Attempt] = []
    /// The link whose token it carried: gone once it was sent.
    package var link: OneTimeLinkID?
    /// The same of a login code.
    package var code: LoginCodeID?

    package init(_ notice: ClaimedNotice, _ state: State, reason: String? = nil, nextAt: Timestamp? = nil) {
        precondition(state.isFinal == (nextAt == nil), "what waits has its time, and nothing else has")
        self.notice = notice
        self.state = state
        self.reason = reason
        self.nextAt = nextAt
        attempts = notice.attempts
    }
}
