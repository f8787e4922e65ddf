package import Crypto
package import Domain
internal import WireFormat

/// What SES tells through SNS: signed by Amazon's certificate, by SignatureVersion 1 (SHA-1) or 2 (SHA-256).
package struct SESCallbacks: CallbackReader {
    private let key: SignersKey
    private let topic: String

    /// The certificate in PEM that `SigningCertURL` names: see `isAmazons`. `topic` is whose messages are believed: every account of
    /// Amazon's has the same certificate.
    package init(certificate: String, topic: String) throws(CryptoError) {
        key = try SignersKey(certificatePEM: certificate)
        self.topic = topic
    }

    /// Whether a certificate, or a subscription's confirmation, may be fetched from there.
    package static func isAmazons(_ url: String) -> Bool {
        guard url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return false }
        let host = url.dropFirst(8).prefix { !"/?#".contains($0) }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 4 || labels.count == 5, labels[0] == "sns", MailText.isDomain(String(host)) else {
            return false
        }
        return labels.dropFirst(2).joined(separator: ".") == "amazonaws.com"
            || labels.dropFirst(2).joined(separator: ".") == "amazonaws.com.cn"
    }

    /// Where the certificate of a message lies; nil where it says none of Amazon's.
    package static func certificateURL(_ callback: CarrierCallback) -> String? {
        VendorJSON(callback.body)?["SigningCertURL"]?.text.flatMap { isAmazons($0) ? $0 : nil }
    }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        let json = try callback.json()
        guard let signature = json["Signature"]?.text.flatMap({ Base64.decode($0) }),
            let version = json["SignatureVersion"]?.text, version == "1" || version == "2"
        else { throw .unsigned }
        let text = try Self.signed(json)
        guard key.verifies(signature, of: Array(text.utf8), by: version == "1" ? .sha1 : .sha256) else {
            throw .badSignature
        }
        guard json["TopicArn"]?.text == topic else { throw .badSignature }
        guard let time = json["Timestamp"]?.text.flatMap({ Timestamp($0) }),
            CallbackTime.isFresh(time.microseconds / 1_000_000, now)
        else { throw .stale }
        if json["Type"]?.text == "SubscriptionConfirmation" {
            return CallbackContents(
                confirmationURL: json["SubscribeURL"]?.text.flatMap { Self.isAmazons($0) ? $0 : nil }
            )
        }
        guard let message = json["Message"]?.text.flatMap({ VendorJSON(Array($0.utf8)) }) else {
            return CallbackContents()
        }
        return CallbackContents(receipts: Self.receipt(message, now).map { [$0] } ?? [])
    }

    /// Names and values on lines of their own, those that there are, in the order of their names.
    static func signed(_ json: VendorJSON) throws(CallbackError) -> String {
        let names: [String]
        switch json["Type"]?.text {
        case "Notification": names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        case "SubscriptionConfirmation", "UnsubscribeConfirmation":
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        default: throw .malformed
        }
        var text = ""
        for name in names {
            guard let value = json[name]?.text else {
                guard name == "Subject" else { throw .malformed }
                continue
            }
            text += "\(name)\n\(value)\n"
        }
        return text
    }

    /// Event publishing says `eventType`, notifications of an identity `notificationType`.
    private static func receipt(_ message: VendorJSON, _ now: Timestamp) -> Receipt? {
        let mail = message["mail"] ?? .null
        let kind: Receipt.Kind
        var (isPermanent, reason): (Bool, String?) = (false, nil)
        var detail: VendorJSON?
        switch (message["eventType"] ?? message["notificationType"])?.text {
        case "Delivery": (kind, detail) = (.delivered, message["delivery"])
        case "Bounce":
            (kind, detail) = (.bounced, message["bounce"])
            isPermanent = detail?["bounceType"]?.text == "Permanent"
            reason = isPermanent ? "mailbox_unknown" : "deferred"
        case "Complaint":
            (kind, isPermanent, reason, detail) = (.complained, true, "spam", message["complaint"])
        case "Reject": (kind, reason) = (.failed, "rejected")
        case "Rendering Failure": (kind, reason) = (.failed, "rejected")
        default: return nil
        }
        return Receipt(
            kind,
            messageID: mail["messageId"]?.text,
            notice: MailText.notice(mail["tags"]?["notice"]?.list.first?.text),
            isPermanent: isPermanent,
            reason: reason,
            at: CallbackTime.at(detail?["timestamp"]?.text.flatMap { Timestamp($0) }?.microseconds, now)
        )
    }
}
