internal import Domain
internal import HTTPClient
internal import Notices

/// Kannel's smsbox, `GET /cgi-bin/sendsms` (User's Guide 1.4, "Using the HTTP interface to send SMS messages"). It names no message:
/// receipts name it by what we put into `dlr-url`.
struct Kannel: Carrier {
    let settings: CarrierSettings
    /// Delivered to the phone, not delivered to it, refused by the SMSC.
    private static let mask = 1 | 2 | 16

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard CarrierSMS.isNumber(message.address) else { return .none(.invalidAddress) }
        let minutes = message.expiresAt.microseconds(since: now) / 60_000_000
        var items = [
            ("username", settings["username"] ?? ""), ("password", settings.secrets["password"] ?? ""),
            ("from", settings["from"] ?? ""), ("to", message.address), ("text", message.text), ("charset", "UTF-8"),
            // 0 is GSM 7 bit, 2 UCS-2: Kannel makes both out of UTF-8.
            ("coding", CarrierSMS.isUnicode(message.text) ? "2" : "0"),
            ("validity", String(min(max(minutes, 1), 10_080))),
        ]
        if let url = settings["receipts_url"], let token = settings.secrets["receipts_token"] {
            let query = FormText.encode([("id", MailText.noticeID(message)), ("token", token)])
            // Kannel fills in the kind of report and what the SMSC said.
            items += [("dlr-mask", String(Self.mask)), ("dlr-url", "\(url)?\(query)&status=%d&answer=%A")]
        }
        return .get(url: settings.url("url", default: "") + "?" + FormText.encode(items), headers: [])
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let words = String(decoding: answer.body.prefix(500), as: UTF8.self)
        // Told with 403, as a wrong password is.
        if words.lowercased().contains("black-listed") || words.lowercased().contains("not in white-list") {
            return CarrierOutcome.refused("barred", words, message)
        }
        if answer.status == 403, words.contains("Sender missing") {
            return CarrierOutcome.outage("sender_refused", words, message)
        }
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        guard answer.status < 300 else {
            return answer.status == 404
                ? CarrierOutcome.outage("settings", words, message) : CarrierOutcome.refused("rejected", words, message)
        }
        // 0: accepted for delivery; 3: queued for later delivery.
        switch words.prefix(2) {
        case "0:", "3:":
            return .accepted(id: MailText.noticeID(message), segments: CarrierSMS.segments(message.text))
        default: return CarrierOutcome.unintelligible
        }
    }
}
