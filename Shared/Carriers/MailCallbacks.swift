package import Crypto
package import Domain
internal import WireFormat

/// SendGrid's Event Webhook, signed: ECDSA with P-256 and SHA-256 over the timestamp and the body.
package struct SendGridCallbacks: CallbackReader {
    private let key: SignersKey

    /// The verification key as SendGrid shows it, in base 64.
    package init(publicKey: String) throws(CryptoError) { key = try SignersKey.read(publicKey) }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        guard let signature = callback.header("X-Twilio-Email-Event-Webhook-Signature").flatMap({ Base64.decode($0) }),
            let time = callback.header("X-Twilio-Email-Event-Webhook-Timestamp")
        else { throw .unsigned }
        guard key.verifies(signature, of: Array(time.utf8) + callback.body) else { throw .badSignature }
        guard let seconds = Int64(time), CallbackTime.isFresh(seconds, now) else { throw .stale }
        return CallbackContents(receipts: try callback.json().list.compactMap { Self.receipt($0, now) })
    }

    private static func receipt(_ event: VendorJSON, _ now: Timestamp) -> Receipt? {
        let kind: Receipt.Kind
        var (isPermanent, reason): (Bool, String?) = (false, nil)
        switch event["event"]?.text {
        case "delivered": kind = .delivered
        case "bounce":
            kind = .bounced
            // `blocked` is for this time, `bounce` for good.
            isPermanent = event["type"]?.text != "blocked"
            reason = isPermanent ? "mailbox_unknown" : "blocked"
        case "dropped":
            kind = .failed
            let words = event["reason"]?.text ?? ""
            isPermanent = ["Bounced Address", "Invalid", "Spam Reporting Address"].contains { words.hasPrefix($0) }
            reason = "dropped"
        case "spamreport":
            (kind, isPermanent, reason) = (.complained, true, "spam")
        default: return nil
        }
        return Receipt(
            kind,
            messageID: event["sg_message_id"]?.text.map(messageID),
            notice: MailText.notice(event["notice"]?.text),
            isPermanent: isPermanent,
            reason: reason,
            at: CallbackTime.at(event["timestamp"]?.microseconds, now)
        )
    }

    /// What `X-Message-Id` said: events have the filter that it went through behind it.
    static func messageID(_ text: String) -> String {
        for mark in [".filter", ".recvd-"] {
            if let range = text.ranges(of: mark).first { return String(text[..<range.lowerBound]) }
        }
        return text
    }
}

/// Mailgun's webhooks: HMAC-SHA-256 over timestamp and token, in the body itself.
package struct MailgunCallbacks: CallbackReader {
    private let signingKey: [UInt8]

    /// The HTTP webhook signing key.
    package init(signingKey: String) { self.signingKey = Array(signingKey.utf8) }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        let json = try callback.json()
        guard let signature = json["signature"], let time = signature["timestamp"]?.scalar,
            let token = signature["token"]?.text, let claimed = signature["signature"]?.text.flatMap({ Hex.decode($0) })
        else { throw .unsigned }
        let tag = HMAC.sha256(Array((time + token).utf8), key: signingKey)
        guard constantTimeEquals(tag, claimed) else { throw .badSignature }
        guard let seconds = Int64(time), CallbackTime.isFresh(seconds, now) else { throw .stale }
        guard let event = json["event-data"] else { throw .malformed }
        return CallbackContents(receipts: Self.receipt(event, now).map { [$0] } ?? [])
    }

    private static func receipt(_ event: VendorJSON, _ now: Timestamp) -> Receipt? {
        let kind: Receipt.Kind
        var (isPermanent, reason): (Bool, String?) = (false, nil)
        switch (event["event"]?.text, event["severity"]?.text) {
        case ("delivered", _): kind = .delivered
        case ("failed", "permanent"):
            // Mailgun itself refuses those that bounced or complained before.
            let isSuppressed = event["reason"]?.text?.hasPrefix("suppress") == true
            (kind, isPermanent) = (isSuppressed ? .failed : .bounced, true)
            reason = isSuppressed ? "dropped" : "mailbox_unknown"
        case ("rejected", _): (kind, reason) = (.failed, "rejected")
        case ("complained", _): (kind, isPermanent, reason) = (.complained, true, "spam")
        // Of a failure for this time Mailgun tries again by itself.
        default: return nil
        }
        return Receipt(
            kind,
            messageID: event["message"]?["headers"]?["message-id"]?.text,
            notice: MailText.notice(event["user-variables"]?["notice"]?.text),
            isPermanent: isPermanent,
            reason: reason,
            at: CallbackTime.at(event["timestamp"]?.microseconds, now)
        )
    }
}

/// Postal's webhooks, signed by the installation's RSA key: with SHA-256 where it says so, else with SHA-1.
package struct PostalCallbacks: CallbackReader {
    private let key: SignersKey

    /// The public key: PEM, or what the installation's DKIM record says, in base 64.
    package init(publicKey: String) throws(CryptoError) { key = try SignersKey.read(publicKey) }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        let strong = callback.header("X-Postal-Signature-256")
        guard let signature = (strong ?? callback.header("X-Postal-Signature")).flatMap({ Base64.decode($0) }) else {
            throw .unsigned
        }
        guard key.verifies(signature, of: callback.body, by: strong == nil ? .sha1 : .sha256) else {
            throw .badSignature
        }
        let json = try callback.json()
        guard let event = json["event"]?.text else { throw .malformed }
        // The signature says nothing of its time but what the body says.
        if let seconds = json["timestamp"]?.microseconds, !CallbackTime.isFresh(seconds / 1_000_000, now) {
            throw .stale
        }
        return CallbackContents(receipts: Self.receipt(event, json, now).map { [$0] } ?? [])
    }

    private static func receipt(_ event: String, _ json: VendorJSON, _ now: Timestamp) -> Receipt? {
        let payload = json["payload"] ?? .null
        let kind: Receipt.Kind
        var (isPermanent, reason): (Bool, String?) = (false, nil)
        var message = payload["message"]
        switch event {
        case "MessageSent": kind = .delivered
        case "MessageDeliveryFailed": (kind, isPermanent, reason) = (.bounced, true, "mailbox_unknown")
        case "MessageBounced":
            // A message came back later: which, the original says.
            (kind, isPermanent, reason) = (.bounced, true, "mailbox_unknown")
            message = payload["original_message"]
        case "MessageHeld": (kind, reason) = (.failed, "held")
        default: return nil
        }
        return Receipt(
            kind,
            messageID: message?["message_id"]?.text,
            notice: MailText.notice(message?["tag"]?.text),
            isPermanent: isPermanent,
            reason: reason,
            at: CallbackTime.at((payload["timestamp"] ?? json["timestamp"])?.microseconds, now)
        )
    }
}
