internal import Domain
internal import HTTPClient
internal import Notices
internal import WireFormat

/// Postal, `POST /api/v1/send/message` with `X-Server-API-Key` (NTF-09). Every answer has the status 200; its own word decides. It knows no
/// idempotency key, and makes the message's id itself.
struct PostalServer: Carrier {
    let settings: CarrierSettings

    private var base: String {
        if settings["base_url"] != nil { return settings.url(default: "") }
        let host = settings.url("host", default: "")
        return host.contains("://") ? host : "https://\(host)"
    }

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard MailText.isAddress(message.address), let from = settings["from"] else { return .none(.invalidAddress) }
        var body: [String: VendorJSON] = [
            "to": .list([.text(MailText.mailbox(message.address, name: message.recipientName))]),
            "from": .text(MailText.mailbox(from, name: settings["from_name"])),
            "subject": .text(MailText.oneLine(message.subject ?? "")),
            "plain_body": .text(message.text),
            // What receipts name the notice by.
            "tag": .text(MailText.noticeID(message)),
        ]
        if let html = message.html { body["html_body"] = .text(html) }
        if let replyTo = settings["reply_to"] { body["reply_to"] = .text(replyTo) }
        let fields = MailText.unsubscribing(message).map { ($0.name, VendorJSON.text($0.value)) }
        if !fields.isEmpty { body["headers"] = .object(Dictionary(fields, uniquingKeysWith: { first, _ in first })) }
        if !message.attachments.isEmpty {
            body["attachments"] = .list(
                message.attachments.map { file in
                    .object([
                        "name": .text(MailText.fileName(file.name)), "content_type": .text(MailText.type(file.type)),
                        "data": .text(Base64.encode(file.octets)),
                    ])
                }
            )
        }
        return .json(
            base + "/api/v1/send/message",
            [ClientHeader("X-Server-API-Key", settings.secrets["api_key"] ?? "")],
            VendorJSON.object(body).octets
        )
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let json = VendorJSON(answer.body)
        let code = json?["data"]?["code"]?.text
        let words = [code, json?["data"]?["message"]?.text].compactMap { $0 }.joined(separator: " ")
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        guard answer.status < 300 else { return CarrierOutcome.outage("settings", words, message) }
        switch (json?["status"]?.text, code) {
        case ("success", _):
            guard let id = json?["data"]?["message_id"]?.text else { return CarrierOutcome.unintelligible }
            return .accepted(id: id, segments: nil)
        case ("error", "AccessDenied"), ("error", "InvalidServerAPIKey"), ("error", "ServerSuspended"):
            return CarrierOutcome.outage("not_authorised", words, message)
        case ("error", "UnauthenticatedFromAddress"), ("error", "FromAddressMissing"):
            return CarrierOutcome.outage("sender_refused", words, message)
        case ("error", "InternalServerError"): return CarrierOutcome.outage("provider_down", words, message)
        case ("error", "NoRecipients"), ("error", "ValidationError"):
            return CarrierOutcome.refused("invalid_address", words, message)
        case ("error", _), ("parameter-error", _): return CarrierOutcome.refused("rejected", words, message)
        default: return CarrierOutcome.unintelligible
        }
    }
}
