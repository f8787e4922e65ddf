internal import Domain
internal import HTTPClient
internal import Notices

/// Twilio, API 2010-04-01, `POST /Accounts/{sid}/Messages.json`. It knows no idempotency key for messages.
struct Twilio: Carrier {
    let settings: CarrierSettings

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard CarrierSMS.isNumber(message.address), let account = settings["account_sid"] else {
            return .none(.invalidAddress)
        }
        var items = [("To", message.address), ("Body", message.text)]
        if let service = settings["messaging_service_sid"] { items.append(("MessagingServiceSid", service)) }
        if let from = settings["from"] { items.append(("From", from)) }
        if let url = settings["receipts_url"] { items.append(("StatusCallback", url)) }
        // From 1 second to 10 hours.
        let left = message.expiresAt.microseconds(since: now) / 1_000_000
        items.append(("ValidityPeriod", String(min(max(left, 1), 36_000))))
        return .form(
            settings.url(default: "https://api.twilio.com") + "/2010-04-01/Accounts/\(account)/Messages.json",
            [basic(account, settings.secrets["auth_token"] ?? "")],
            items
        )
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let json = VendorJSON(answer.body)
        let words = json?["message"]?.text
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        if answer.status < 300 {
            guard let id = json?["sid"]?.text else { return CarrierOutcome.unintelligible }
            // Through a messaging service it is 0 until one number was chosen.
            let segments = json?["num_segments"]?.integer.flatMap { $0 > 0 ? Int(exactly: $0) : nil }
            return .accepted(id: id, segments: segments ?? CarrierSMS.segments(message.text))
        }
        switch json?["code"]?.integer {
        case 21_211, 21_217, 21_401, 21_214: return CarrierOutcome.refused("invalid_address", words, message)
        case 21_614: return CarrierOutcome.refused("not_mobile", words, message)
        case 21_610: return CarrierOutcome.refused("opted_out", words, message)
        case 21_408, 21_612: return CarrierOutcome.refused("unreachable_region", words, message)
        case 21_617, 21_605: return CarrierOutcome.refused("too_large", words, message)
        case 21_611, 63_038, 20_429, 14_107: return CarrierOutcome.outage("throttled", words, message)
        case 21_212, 21_603, 21_606, 21_659, 21_660, 21_701, 21_703, 21_704, 21_705, 21_712:
            return CarrierOutcome.outage("sender_refused", words, message)
        case 20_404: return CarrierOutcome.outage("settings", words, message)
        case nil where answer.status == 404: return CarrierOutcome.outage("settings", words, message)
        default: return CarrierOutcome.refused("rejected", words, message)
        }
    }
}
