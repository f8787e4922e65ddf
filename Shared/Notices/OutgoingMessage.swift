package import Domain

/// A message that is ready to be sent: everything in it is said in the recipient's language.
package struct OutgoingMessage: Sendable {
    /// A file that goes with an e-mail.
    package struct Attachment: Sendable, Hashable {
        package var name: String
        /// Such as `application/pdf`.
        package var type: String
        package var octets: [UInt8]

        package init(name: String, type: String, octets: [UInt8]) {
            self.name = name
            self.type = type
            self.octets = octets
        }
    }

    /// The notice's id: the same however often it is tried. Providers that know idempotency keys are given it.
    package var id: UUID128
    /// An e-mail address, a number of E.164 with its `+`, a push token; empty for Slack, which has its own in the provider's settings.
    package var address: String
    package var recipientName: String?
    /// Of e-mail, push and Slack.
    package var subject: String?
    package var text: String
    /// Of e-mail.
    package var html: String?
    /// BCP 47.
    package var language: String
    package var attachments: [Attachment] = []
    /// Where one press ends messages of this category (RFC 8058); nil where it may not be refused.
    package var unsubscribeURL: String?
    /// Small values that a push carries for the application.
    package var data: [String: String] = [:]
    /// It is of no use after that.
    package var expiresAt: Timestamp

    package init(id: UUID128, address: String, text: String, language: String, expiresAt: Timestamp) {
        self.id = id
        self.address = address
        self.text = text
        self.language = language
        self.expiresAt = expiresAt
    }
}

/// What became of handing a message to a provider. `reason` is one word such as `mailbox_unknown`; `detail` the provider's own words, at
/// most 300 characters, without the address and without secrets.
package enum SendOutcome: Sendable, Hashable {
    /// The provider has it. `id` is what its receipts name it by; `segments` of an SMS.
    case accepted(id: String?, segments: Int?)
    /// It never will be taken, by nobody.
    case refused(reason: String, detail: String?)
    /// It was not taken this time, for its own sake: it is tried again.
    case failed(reason: String, detail: String?, after: Duration?)
    /// Nothing of it left: the provider is away, overloaded, or does not know us. No attempt of the message's.
    case outage(reason: String, detail: String?, after: Duration?)
    /// Nobody knows whether it was taken.
    case unknown(reason: String, detail: String?)
}

/// One account with one provider. It may be asked by many tasks at once; each call ends by `limit`.
package protocol NoticeProvider: Sendable {
    func send(_ message: OutgoingMessage, within limit: Duration) async -> SendOutcome
    /// Releases what it holds.
    func close() async
}
