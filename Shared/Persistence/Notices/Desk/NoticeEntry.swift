package import Domain
package import Notices

/// One row of the delivery log: what somebody was told, or is to be.
package struct NoticeEntry: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case queued, held, sending, sent, delivered, bounced, complained, failed, dropped, expired, unknown, digested
        case cancelled

        /// Somebody may ask that the same is told again: it did not arrive, or nobody knows.
        package var maySendAgain: Bool { self == .failed || self == .unknown || self == .bounced }
        /// It has not left yet.
        package var mayBeCancelled: Bool { self == .queued || self == .held }
    }

    package enum RecipientKind: String, Hashable, Sendable, CaseIterable {
        case customer, user, team
    }

    package var tenantID: TenantID
    package var id: NoticeEntryID
    /// As it is stored: a kind of another version stays what it is.
    package var kind: String
    package var channel: NoticeChannel
    package var recipientKind: RecipientKind
    package var recipientID: UUID128
    package var address: String?
    package var language: String
    package var facts: String
    package var state: State
    package var reason: String?
    package var detail: String?
    package var attempts: Int
    package var nextAt: Timestamp?
    package var providerID: NoticeAccountID?
    package var segments: Int?
    package var templateVersion: Int?
    package var campaignID: UUID128?
    package var digestID: NoticeEntryID?
    package var resendOf: NoticeEntryID?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var sentAt: Timestamp?
    package var endedAt: Timestamp?
    package var readAt: Timestamp?
}

/// One time a provider was asked, or its receipt.
package struct NoticeTrial: Hashable, Sendable {
    package var number: Int
    package var providerID: NoticeAccountID?
    package var outcome: String
    package var reason: String?
    package var detail: String?
    package var at: Timestamp
}

/// Which rows of the log are listed; nil leaves a member open.
package struct NoticeEntryFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var state: NoticeEntry.State?
    package var kind: NoticeKind?
    package var channel: NoticeChannel?
    package var recipientID: UUID128?
    package var customerID: CustomerID?
    package var campaignID: UUID128?
    package var since: Timestamp?
    package var until: Timestamp?

    package init() {}
}

/// A notice that people ask for themselves.
package struct NewNotice: Sendable {
    package var tenantID: TenantID
    package var id: NoticeEntryID
    package var kind: NoticeKind
    package var channel: NoticeChannel
    package var recipientKind: NoticeEntry.RecipientKind
    package var recipientID: UUID128
    package var address: String?
    package var language: String
    package var priority: Int
    package var facts: NoticeFacts
    /// The account that is to carry it; nil for whichever is first.
    package var account: NoticeAccountID?
    package var at: Timestamp
    package var expiresAt: Timestamp

    package init(
        tenantID: TenantID,
        id: NoticeEntryID,
        kind: NoticeKind,
        channel: NoticeChannel,
        to recipient: (kind: NoticeEntry.RecipientKind, id: UUID128),
        address: String?,
        language: String = "en",
        facts: NoticeFacts,
        at now: Timestamp
    ) {
        (self.tenantID, self.id, self.kind, self.channel) = (tenantID, id, kind, channel)
        (recipientKind, recipientID, self.address) = (recipient.kind, recipient.id, address)
        (self.language, self.facts, at) = (language, facts, now)
        priority = kind.terms.priority
        expiresAt = now + kind.terms.validity
    }
}
