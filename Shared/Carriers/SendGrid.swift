internal import Domain
internal import HTTPClient
internal import Notices
internal import WireFormat

/// SendGrid, Web API v3, `POST /v3/mail/send`. It knows no idempotency key: what was lost on its way is unknown.
struct SendGrid: Carrier {
    let settings: CarrierSettings

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard MailText.isAddress(message.address), let from = settings["from"] else { return .none(.invalidAddress) }
        var content: [VendorJSON] = [.object(["type": .text("text/plain"), "value": .text(message.text)])]
        if let html = message.html { content.append(.object(["type": .text("text/html"), "value": .text(html)])) }
        var headers: [String: VendorJSON] = ["Message-ID": .text("<\(MailText.messageID(message, from: from))>")]
        for field in MailText.unsubscribing(message) { headers[field.name] = .text(field.value) }
        let off = VendorJSON.object(["enable": .bool(false)])
        var body: [String: VendorJSON] = [
            "personalizations": .list([
                .object([
                    "to": .list([Self.mailbox(message.address, message.recipientName)]),
                    "custom_args": .object(["notice": .text(MailText.noticeID(message))]),
                ])
            ]),
            "from": Self.mailbox(from, settings["from_name"]),
            // SendGrid wants a subject of at least one character.
            "subject": .text(MailText.oneLine(message.subject.flatMap { $0.isEmpty ? nil : $0 } ?? " ")),
            "content": .list(content),
            "headers": .object(headers),
            // Links may hold what only the recipient may see.
            "tracking_settings": .object(["click_tracking": off, "open_tracking": off]),
        ]
        if let replyTo = settings["reply_to"] { body["reply_to"] = Self.mailbox(replyTo, nil) }
        if !message.attachments.isEmpty {
            body["attachments"] = .list(
                message.attachments.map { file in
                    .object([
                        "content": .text(Base64.encode(file.octets)), "type": .text(MailText.type(file.type)),
                        "filename": .text(MailText.fileName(file.name)), "disposition": .text("attachment"),
                    ])
                }
            )
        }
        return .json(
            settings.url(default: "https://api.sendgrid.com") + "/v3/mail/send",
            [ClientHeader("Authorization", "Bearer \(settings.secrets["api_key"] ?? "")")],
            VendorJSON.object(body).octets
        )
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let errors = VendorJSON(answer.body)?["errors"]?.list ?? []
        let words = errors.first?["message"]?.text
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        guard answer.status >= 400 else { return .accepted(id: answer.header("X-Message-Id"), segments: nil) }
        let field = errors.first?["field"]?.text ?? ""
        if field.hasPrefix("personalizations"), field.contains(".to") {
            return CarrierOutcome.refused("invalid_address", words, message)
        }
        if field.hasPrefix("from") { return CarrierOutcome.outage("sender_refused", words, message) }
        if answer.status == 404 { return CarrierOutcome.outage("settings", words, message) }
        return CarrierOutcome.refused("rejected", words, message)
    }

    private static func mailbox(_ address: String, _ name: String?) -> VendorJSON {
        var members: [String: VendorJSON] = ["email": .text(address)]
        if let name, !name.isEmpty { members["name"] = .text(MailText.oneLine(name)) }
        return .object(members)
    }
}

extension SendOutcome {
    /// No vendor could do anything with that address.
    static let invalidAddress = SendOutcome.refused(
        reason: "invalid_address",
        detail: "no address that this provider knows"
    )
}
