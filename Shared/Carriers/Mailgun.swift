internal import Domain
internal import HTTPClient
internal import Notices
internal import WireFormat

/// Mailgun, API v3, `POST /v3/{domain}/messages` as multipart/form-data. It knows no idempotency key.
struct Mailgun: Carrier {
    let settings: CarrierSettings

    private var host: String { settings["region"] == "eu" ? "https://api.eu.mailgun.net" : "https://api.mailgun.net" }

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard MailText.isAddress(message.address), let from = settings["from"], let domain = settings["domain"] else {
            return .none(.invalidAddress)
        }
        var form = MultipartForm(boundary: "nexora-\(MailText.noticeID(message))")
        form.add("from", MailText.mailbox(from, name: settings["from_name"]))
        form.add("to", MailText.mailbox(message.address, name: message.recipientName))
        form.add("subject", MailText.oneLine(message.subject ?? ""))
        form.add("text", message.text)
        if let html = message.html { form.add("html", html) }
        if let replyTo = settings["reply_to"] { form.add("h:Reply-To", replyTo) }
        form.add("h:Message-Id", "<\(MailText.messageID(message, from: from))>")
        for field in MailText.unsubscribing(message) { form.add("h:\(field.name)", field.value) }
        // Links may hold what only the recipient may see.
        form.add("o:tracking", "no")
        form.add("v:notice", MailText.noticeID(message))
        for file in message.attachments { form.add(file: file) }
        return .post(
            url: "\(settings.url(default: host))/v3/\(domain)/messages",
            headers: [
                basic("api", settings.secrets["api_key"] ?? ""), ClientHeader("Content-Type", form.contentType),
            ],
            body: form.octets
        )
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let json = VendorJSON(answer.body)
        let words = json?["message"]?.text
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        switch answer.status {
        case ..<300:
            guard let id = json?["id"]?.text else { return CarrierOutcome.unintelligible }
            return .accepted(id: id.filter { $0 != "<" && $0 != ">" }, segments: nil)
        case 402: return CarrierOutcome.outage("account", words, message)
        case 404: return CarrierOutcome.outage("settings", words, message)
        default:
            let text = words ?? ""
            if text.contains("'to'") || text.contains("to parameter") {
                return CarrierOutcome.refused("invalid_address", words, message)
            }
            if text.contains("'from'") { return CarrierOutcome.outage("sender_refused", words, message) }
            return CarrierOutcome.refused("rejected", words, message)
        }
    }
}

/// `multipart/form-data` (RFC 7578).
struct MultipartForm {
    private let boundary: String
    private var parts: [UInt8] = []

    /// The boundary must stand in no value; that with a notice's id in it does not.
    init(boundary: String) { self.boundary = boundary }

    var contentType: String { "multipart/form-data; boundary=\(boundary)" }
    var octets: [UInt8] { parts + Array("--\(boundary)--\r\n".utf8) }

    /// `name` is a programmer's.
    mutating func add(_ name: String, _ value: String) {
        parts += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
    }

    mutating func add(file: OutgoingMessage.Attachment) {
        let name = MailText.fileName(file.name)
        parts += Array(
            """
            --\(boundary)\r
            Content-Disposition: form-data; name="attachment"; filename="\(name)"\r
            Content-Type: \(MailText.type(file.type))\r
            \r

            """.utf8
        )
        parts += file.octets + [0x0d, 0x0a]
    }
}
