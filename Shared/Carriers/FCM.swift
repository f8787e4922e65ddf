internal import Domain
internal import HTTPClient
internal import Notices

/// Firebase Cloud Messaging, HTTP v1, `POST /v1/projects/{project}/messages:send`, without its `Authorization`. It knows no idempotency
/// key.
struct FCM: Carrier {
    let settings: CarrierSettings

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        guard (1...4_096).contains(message.address.utf8.count), let project = settings["project_id"] else {
            return .none(.refused(reason: "token_invalid", detail: nil))
        }
        var notification: [String: VendorJSON] = ["body": .text(message.text)]
        if let subject = message.subject { notification["title"] = .text(subject) }
        // At most four weeks.
        let left = min(max(message.expiresAt.microseconds(since: now) / 1_000_000, 0), 2_419_200)
        var body: [String: VendorJSON] = [
            "token": .text(message.address),
            "notification": .object(notification),
            "android": .object(["priority": .text("HIGH"), "ttl": .text("\(left)s")]),
            "apns": .object([
                "headers": .object([
                    "apns-expiration": .text(String(now.microseconds / 1_000_000 + left)),
                    // The same notice shown twice is shown once.
                    "apns-collapse-id": .text(MailText.noticeID(message)),
                ])
            ]),
        ]
        var data = message.data.mapValues { VendorJSON.text($0) }
        data["notice"] = .text(MailText.noticeID(message))
        body["data"] = .object(data)
        return .json(
            settings.url(default: "https://fcm.googleapis.com") + "/v1/projects/\(project)/messages:send",
            [],
            VendorJSON.object(["message": .object(body)]).octets
        )
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let json = VendorJSON(answer.body)
        let error = json?["error"]
        let words = error?["message"]?.text
        let code = error?["details"]?.list.compactMap { $0["errorCode"]?.text }.first ?? error?["status"]?.text
        switch code {
        case "UNREGISTERED": return CarrierOutcome.refused("token_gone", words, message)
        // The token is of another project's application; told with 403, though we are who we say.
        case "SENDER_ID_MISMATCH": return CarrierOutcome.refused("token_foreign", words, message)
        default: break
        }
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        switch answer.status {
        case ..<300:
            guard let name = json?["name"]?.text else { return CarrierOutcome.unintelligible }
            return .accepted(id: name, segments: nil)
        case 404: return CarrierOutcome.outage("settings", words, message)
        default:
            let isToken = words?.lowercased().contains("registration token") == true
            return CarrierOutcome.refused(isToken ? "token_invalid" : "rejected", words, message)
        }
    }
}
