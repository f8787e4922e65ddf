internal import AWSSigning
internal import Crypto
internal import Domain
internal import HTTPClient
internal import Notices
internal import WireFormat

/// Amazon SES, API v2 (2019-09-27), SendEmail: `POST /v2/email/outbound-emails`, signed by Signature Version 4. It knows no idempotency
/// key, and makes the message's id itself.
struct SES: Carrier {
    let settings: CarrierSettings
    private static let path = "/v2/email/outbound-emails"

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard MailText.isAddress(message.address), let from = settings["from"], let region = settings["region"] else {
            return .none(.invalidAddress)
        }
        let body = body(message, from: from).octets
        let base = settings.url(default: "https://email.\(region).amazonaws.com")
        let parts = base.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return .none(.outage(reason: "settings", detail: nil, after: nil)) }
        let path = (parts.count > 3 ? "/\(parts[3])" : "") + Self.path
        let time = SigningTime(secondsSince1970: now.microseconds / 1_000_000)
        let fields = [URLItem("content-type", "application/json"), URLItem("x-amz-date", time.text)]
        let signer = SignatureV4(
            accessKey: settings.secrets["access_key"] ?? "",
            secretKey: settings.secrets["secret_key"] ?? "",
            region: region,
            service: "ses"
        )
        let signable = SignableRequest(
            "POST",
            path,
            headers: fields + [URLItem("host", Self.authority(String(parts[2]), base))],
            payload: Hex.encode(Digest.sha256(body))
        )
        let authorization = ClientHeader("Authorization", signer.authorization(signable, at: time))
        return .post(
            url: base + Self.path,
            headers: fields.map { ClientHeader($0.name, $0.value) } + [authorization],
            body: body
        )
    }

    /// As `Host` says it: without the scheme's own port.
    private static func authority(_ text: String, _ url: String) -> String {
        let port = url.lowercased().hasPrefix("https:") ? ":443" : ":80"
        return text.hasSuffix(port) ? String(text.dropLast(port.utf8.count)) : text
    }

    private func body(_ message: OutgoingMessage, from: String) -> VendorJSON {
        func words(_ text: String) -> VendorJSON { .object(["Data": .text(text), "Charset": .text("UTF-8")]) }
        var parts: [String: VendorJSON] = ["Text": words(message.text)]
        if let html = message.html { parts["Html"] = words(html) }
        var simple: [String: VendorJSON] = [
            "Subject": words(MailText.oneLine(message.subject ?? "")), "Body": .object(parts),
        ]
        let fields = MailText.unsubscribing(message)
        if !fields.isEmpty {
            simple["Headers"] = .list(
                fields.map { .object(["Name": .text($0.name), "Value": .text($0.value)]) }
            )
        }
        if !message.attachments.isEmpty {
            simple["Attachments"] = .list(
                message.attachments.map { file in
                    .object([
                        "FileName": .text(MailText.fileName(file.name)), "ContentType": .text(MailText.type(file.type)),
                        "ContentDisposition": .text("ATTACHMENT"), "ContentTransferEncoding": .text("BASE64"),
                        "RawContent": .text(Base64.encode(file.octets)),
                    ])
                }
            )
        }
        var body: [String: VendorJSON] = [
            "FromEmailAddress": .text(MailText.mailbox(from, name: settings["from_name"])),
            "Destination": .object([
                "ToAddresses": .list([.text(MailText.mailbox(message.address, name: message.recipientName))])
            ]),
            "Content": .object(["Simple": .object(simple)]),
            "EmailTags": .list([
                .object(["Name": .text("notice"), "Value": .text(MailText.noticeID(message))])
            ]),
        ]
        if let replyTo = settings["reply_to"] { body["ReplyToAddresses"] = .list([.text(replyTo)]) }
        return .object(body)
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let json = VendorJSON(answer.body)
        let words = json?["message"]?.text ?? json?["Message"]?.text
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        if answer.status < 300 {
            guard let id = json?["MessageId"]?.text else { return CarrierOutcome.unintelligible }
            return .accepted(id: id, segments: nil)
        }
        // `MessageRejected:http://…`, where a gateway adds its own.
        let kind = answer.header("x-amzn-ErrorType").map { String($0.prefix { $0 != ":" }) } ?? ""
        switch kind {
        case "AccountSuspendedException", "SendingPausedException", "LimitExceededException":
            return CarrierOutcome.outage("account", words, message)
        case "MailFromDomainNotVerifiedException", "NotFoundException":
            return CarrierOutcome.outage("sender_refused", words, message)
        // Said of a sender as of a recipient that the sandbox does not know.
        case "MessageRejected" where words?.contains("not verified") == true:
            return CarrierOutcome.outage("sender_refused", words, message)
        case "TooManyRequestsException": return CarrierOutcome.outage("throttled", words, message)
        default: return CarrierOutcome.refused("rejected", words, message)
        }
    }
}
