package import Domain
package import HTTPClient
internal import WireFormat

/// What a vendor tells of a message that it took.
package struct Receipt: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case delivered
        /// The recipient's side refused it.
        case bounced
        /// The recipient called it unwanted.
        case complained
        /// The vendor gave up, or never tried.
        case failed
    }

    /// What `SendOutcome.accepted` named the message by; nil where the vendor says only the notice.
    package let messageID: String?
    /// The notice itself, where the vendor gives back what we told it.
    package let notice: UUID128?
    package let kind: Kind
    /// Whether the address will take nothing any more: it is to be told nothing further by this way.
    package let isPermanent: Bool
    /// One word.
    package let reason: String?
    package let at: Timestamp

    init(
        _ kind: Kind,
        messageID: String?,
        notice: UUID128? = nil,
        isPermanent: Bool = false,
        reason: String? = nil,
        at: Timestamp
    ) {
        self.messageID = messageID
        self.notice = notice
        self.kind = kind
        self.isPermanent = isPermanent
        self.reason = reason
        self.at = at
    }
}

/// An SMS from somebody.
package struct InboundMessage: Sendable, Hashable {
    /// What the carriers' rules know (CTIA Messaging Principles §5.1.3; TCPA 47 CFR 64.1200(a)(10)).
    package enum Word: Sendable, Hashable { case stop, start, help }

    package let messageID: String?
    /// E.164 with its plus.
    package let from: String
    package let to: String
    package let text: String
    package let at: Timestamp

    /// What the message asks for; nil where it is no such word alone.
    package var word: Word? {
        let letters = text.lowercased().unicodeScalars.filter { $0.properties.isAlphabetic }
        return switch String(String.UnicodeScalarView(letters)) {
        case "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "arret", "arrêt",
            "berhenti",
            "إلغاء", "توقف", "ايقاف", "إيقاف":
            .stop
        // No "yes": it answers other questions too.
        case "start", "unstop", "mulai", "ابدأ": .start
        case "help", "info", "aide", "bantuan", "مساعدة": .help
        default: nil
        }
    }
}

/// What came in one request of a vendor's.
package struct CallbackContents: Sendable, Hashable {
    package var receipts: [Receipt] = []
    package var inbound: [InboundMessage] = []
    /// Where a subscription is confirmed by opening it once: of SNS alone. Who opens it checks its host first.
    package var confirmationURL: String?
}

/// Why a vendor's request is not believed. Whoever sent it learns no more than that.
package enum CallbackError: Error, Sendable, Hashable, CaseIterable {
    case unsigned, badSignature, stale, malformed
}

/// A request of a vendor's as it came.
package struct CarrierCallback: Sendable {
    /// As the vendor knows it, query included: what signatures are made over. Not what stands behind a proxy.
    package let url: String
    package let headers: [ClientHeader]
    package let body: [UInt8]

    package init(url: String, headers: [ClientHeader] = [], body: [UInt8] = []) {
        self.url = url
        self.headers = headers
        self.body = body
    }

    func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The items of the query, and of the body where that is a form.
    func query() throws(CallbackError) -> [(name: String, value: String)] {
        guard let mark = url.firstIndex(of: "?") else { return [] }
        guard let items = FormText.decode(url[url.index(after: mark)...].utf8) else { throw .malformed }
        return items
    }

    func form() throws(CallbackError) -> [(name: String, value: String)] {
        guard header("Content-Type")?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true else {
            return []
        }
        guard let items = FormText.decode(body) else { throw .malformed }
        return items
    }

    func json() throws(CallbackError) -> VendorJSON {
        guard let json = VendorJSON(body) else { throw .malformed }
        return json
    }
}

/// Reads what a vendor tells, once it is known to be the vendor's. Pure.
package protocol CallbackReader: Sendable {
    /// `now` is for what says nothing of its time, and to find what is told again much later.
    func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents
}

extension CarrierSettings {
    /// How this account's vendor is read; nil where what it takes is not set up. `certificate` is SNS's in PEM, which the caller
    /// fetched from a host of Amazon's: without a topic of one's own it proves nothing, for it is that of every account.
    package func callbacks(certificate: String? = nil) -> (any CallbackReader)? {
        switch kind {
        case .sendgrid: secrets["webhook_key"].flatMap { try? SendGridCallbacks(publicKey: $0) }
        case .mailgun: secrets["webhook_key"].map { MailgunCallbacks(signingKey: $0) }
        case .postal: secrets["webhook_key"].flatMap { try? PostalCallbacks(publicKey: $0) }
        case .ses:
            settings["topic_arn"].flatMap { topic in
                certificate.flatMap { try? SESCallbacks(certificate: $0, topic: topic) }
            }
        case .twilio: secrets["auth_token"].map { TwilioCallbacks(authToken: $0) }
        case .vonage: secrets["signature_secret"].map { VonageCallbacks(signatureSecret: $0) }
        case .kannel: secrets["receipts_token"].map { KannelCallbacks(token: $0) }
        case .fcm, .webhook: nil
        }
    }
}

extension CarrierSettings {
    /// As what the vendor may know the place where it tells: what was set up, or else what it asked for, of which a proxy that ends TLS
    /// changes the scheme alone.
    package func addresses(host: String, target: String) -> [String] {
        guard let base = settings["receipts_url"] else {
            return ["https://\(host)\(target)", "http://\(host)\(target)"]
        }
        return [base + (target.firstIndex(of: "?").map { target[$0...] } ?? "")]
    }
}

/// The times by which what is told is measured.
enum CallbackTime {
    /// Vendors repeat what was not taken for some time; what is signed by an older time is somebody else's repetition.
    private static let window: Int64 = 3_600

    static func isFresh(_ seconds: Int64, _ now: Timestamp) -> Bool {
        let current = now.microseconds / 1_000_000
        return (0...(1 << 40)).contains(seconds) && abs(current - seconds) <= window
    }

    static func at(_ microseconds: Int64?, _ now: Timestamp) -> Timestamp {
        guard let microseconds, (0...now.microseconds).contains(microseconds) else { return now }
        return Timestamp(microseconds: microseconds)
    }
}

/// The first value of each name.
struct Items {
    let all: [(name: String, value: String)]

    subscript(name: String) -> String? { all.first { $0.name == name }?.value }
}
