internal import Domain
internal import HTTPClient
internal import Notices

/// Vonage (once Nexmo), SMS API, `POST /sms/json`. Its answers have the status 200; each part's own status decides. It knows no
/// idempotency key.
struct Vonage: Carrier {
    let settings: CarrierSettings

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard CarrierSMS.isNumber(message.address) else { return .none(.invalidAddress) }
        var items = [
            ("api_key", settings.secrets["api_key"] ?? ""), ("api_secret", settings.secrets["api_secret"] ?? ""),
            ("from", Self.plain(settings["from"] ?? "")), ("to", Self.plain(message.address)), ("text", message.text),
            ("type", CarrierSMS.isUnicode(message.text) ? "unicode" : "text"),
            ("client-ref", MailText.noticeID(message)),
        ]
        if let url = settings["receipts_url"] { items.append(("callback", url)) }
        // From 20 seconds to 7 days, in milliseconds.
        let left = message.expiresAt.microseconds(since: now) / 1_000
        items.append(("ttl", String(min(max(left, 20_000), 604_800_000))))
        return .form(settings.url(default: "https://rest.nexmo.com") + "/sms/json", [], items)
    }

    /// Numbers stand there without their plus.
    private static func plain(_ number: String) -> String { String(number.drop { $0 == "+" }) }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let parts = VendorJSON(answer.body)?["messages"]?.list ?? []
        let failed = parts.first { $0["status"]?.scalar != "0" }
        let words = failed?["error-text"]?.text
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        guard answer.status < 300 else { return CarrierOutcome.outage("settings", words, message) }
        // What was taken in part is on its way.
        if let taken = parts.first(where: { $0["status"]?.scalar == "0" }) {
            return .accepted(id: taken["message-id"]?.text, segments: parts.count)
        }
        switch failed?["status"]?.scalar {
        case nil: return CarrierOutcome.unintelligible
        case "1", "10": return CarrierOutcome.outage("throttled", words, message)
        case "4", "11", "14", "32": return CarrierOutcome.outage("not_authorised", words, message)
        case "5": return CarrierOutcome.outage("provider_down", words, message)
        case "8", "9": return CarrierOutcome.outage("account", words, message)
        case "2", "23": return CarrierOutcome.outage("settings", words, message)
        case "15": return CarrierOutcome.outage("sender_refused", words, message)
        case "7": return CarrierOutcome.refused("barred", words, message)
        case "33": return CarrierOutcome.refused("opted_out", words, message)
        case "12": return CarrierOutcome.refused("too_large", words, message)
        case "22", "29": return CarrierOutcome.refused("unreachable_region", words, message)
        case "3" where words?.contains("from") == true: return CarrierOutcome.outage("sender_refused", words, message)
        case "3": return CarrierOutcome.refused("invalid_address", words, message)
        default: return CarrierOutcome.refused("rejected", words, message)
        }
    }
}
