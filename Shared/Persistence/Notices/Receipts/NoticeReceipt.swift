package import Domain

/// What a provider tells of a notice that it took.
package struct NoticeReceipt: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case delivered
        /// It did not arrive, whoever gave it up.
        case bounced
        /// The recipient called it unwanted.
        case complained
    }

    /// What the provider named the message by.
    package var messageID: String?
    /// The notice itself, where the provider gives back what it was told.
    package var notice: UUID128?
    package var state: State
    /// The address takes nothing any more: nothing further is written there, for this reason.
    package var suppression: NoticeSuppression.Reason?
    /// One word.
    package var reason: String?
    package var at: Timestamp

    package init(messageID: String?, notice: UUID128?, state: State, at: Timestamp) {
        (self.messageID, self.notice, self.state, self.at) = (messageID, notice, state, at)
    }
}

/// What somebody answered to an account's number.
package struct NoticeReply: Hashable, Sendable {
    package enum Wish: Hashable, Sendable { case stop, start }

    package var wish: Wish
    /// Of his number.
    package var digest: [UInt8]

    package init(_ wish: Wish, digest: [UInt8]) { (self.wish, self.digest) = (wish, digest) }
}

/// A provider's request that waits to be read.
package struct WaitingCallback: Sendable {
    package var id: UUID128
    package var provider: NoticeProviderRow
    package var callback: NoticeCallback
    package var receivedAt: Timestamp
    /// How often it had to wait.
    package var attempts: Int

    package init(
        id: UUID128,
        provider: NoticeProviderRow,
        callback: NoticeCallback,
        receivedAt: Timestamp,
        attempts: Int
    ) {
        (self.id, self.provider, self.callback) = (id, provider, callback)
        (self.receivedAt, self.attempts) = (receivedAt, attempts)
    }
}

/// What is made of a request.
package enum CallbackReading: Sendable {
    case read([NoticeReceipt], [NoticeReply])
    /// It cannot be read yet: for so long.
    case waits(Duration)
    /// It is not believed, or nobody set up by what to believe it.
    case refused
}

/// What became of the requests of one look.
package struct SettledCallbacks: Hashable, Sendable {
    /// How many were looked at.
    package var looked = 0
    /// Receipts that said something new, by what they said.
    package var told: [NoticeReceipt.State: Int] = [:]
    /// Receipts of what had ended that way already.
    package var known = 0
    /// Receipts of nothing that is known here, given up.
    package var unmatched = 0
    /// Addresses that are not written to any more, and those that are again.
    package var suppressed = 0
    package var allowed = 0

    package init() {}
}
