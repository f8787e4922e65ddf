internal import Crypto
package import Domain
internal import WireFormat

/// Twilio's status callbacks and incoming messages: HMAC-SHA-1 over the URL and the sorted parameters.
package struct TwilioCallbacks: CallbackReader {
    private let authToken: [UInt8]

    package init(authToken: String) { self.authToken = Array(authToken.utf8) }

    /// What Twilio signs a request by.
    func signature(url: String, _ items: [(name: String, value: String)]) -> [UInt8] {
        // By the octets of the names; the same name with the same value counts once.
        var (text, last): (String, (String, String)?) = (url, nil)
        let sorted = items.sorted { left, right in
            left.name == right.name
                ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
                : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        for (name, value) in sorted where last.map({ $0 != (name, value) }) ?? true {
            text += name + value
            last = (name, value)
        }
        return HMAC.sha1(Array(text.utf8), key: authToken)
    }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        guard let claimed = callback.header("X-Twilio-Signature").flatMap({ Base64.decode($0) }) else {
            throw .unsigned
        }
        let form = try callback.form()
        guard constantTimeEquals(signature(url: callback.url, form), claimed) else { throw .badSignature }
        let items = Items(all: form)
        guard let id = items["MessageSid"] ?? items["SmsSid"] else { throw .malformed }
        if let status = items["MessageStatus"] {
            return CallbackContents(receipts: Self.receipt(id, status, items["ErrorCode"], now).map { [$0] } ?? [])
        }
        guard let from = items["From"], let to = items["To"], let text = items["Body"] else { throw .malformed }
        return CallbackContents(inbound: [InboundMessage(messageID: id, from: from, to: to, text: text, at: now)])
    }

    private static func receipt(_ id: String, _ status: String, _ error: String?, _ now: Timestamp) -> Receipt? {
        switch status {
        case "delivered": return Receipt(.delivered, messageID: id, at: now)
        case "undelivered", "failed":
            let (reason, isPermanent): (String, Bool) =
                switch error {
                case "21610": ("opted_out", true)
                case "30005": ("number_unknown", true)
                case "30006": ("not_mobile", true)
                case "30003": ("unreachable", false)
                case "30004": ("barred", false)
                case "30007": ("filtered", false)
                default: ("undelivered", false)
                }
            let kind: Receipt.Kind = status == "failed" ? .failed : .bounced
            return Receipt(kind, messageID: id, isPermanent: isPermanent, reason: reason, at: now)
        default: return nil
        }
    }
}

/// Vonage's delivery receipts and inbound messages of the SMS API, signed by HMAC-SHA-256 (to be chosen in its dashboard), by GET or POST,
/// as a form or JSON.
package struct VonageCallbacks: CallbackReader {
    private let secret: [UInt8]

    package init(signatureSecret: String) { secret = Array(signatureSecret.utf8) }

    /// What Vonage signs a request by: `&name=value` of every parameter but `sig`, in the order of the names; `&` and `=` in values are
    /// written as `_`.
    func signature(_ items: [(name: String, value: String)]) -> [UInt8] {
        let text = items.filter { $0.name != "sig" }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { "&\($0.name)=\($0.value.replacing("&", with: "_").replacing("=", with: "_"))" }
        return HMAC.sha256(Array(text.joined().utf8), key: secret)
    }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        var all = try callback.query() + (try callback.form())
        if callback.header("Content-Type")?.lowercased().hasPrefix("application/json") == true {
            for (name, value) in try callback.json().members {
                guard let text = value.scalar else { throw .malformed }
                all.append((name, text))
            }
        }
        let items = Items(all: all)
        guard let claimed = items["sig"].flatMap({ Hex.decode($0.lowercased()) }) else { throw .unsigned }
        guard constantTimeEquals(signature(all), claimed) else { throw .badSignature }
        guard let seconds = items["timestamp"].flatMap({ Int64($0) }), CallbackTime.isFresh(seconds, now) else {
            throw .stale
        }
        if let status = items["status"], let id = items["messageId"] ?? items["message-id"] {
            return CallbackContents(receipts: Self.receipt(id, status, items, now).map { [$0] } ?? [])
        }
        guard let from = items["msisdn"], let to = items["to"], let text = items["text"] else { throw .malformed }
        let sender = from.hasPrefix("+") ? from : "+\(from)"
        let message = InboundMessage(
            messageID: items["messageId"] ?? items["message-id"],
            from: sender,
            to: to,
            text: text,
            at: CallbackTime.at(seconds * 1_000_000, now)
        )
        return CallbackContents(inbound: [message])
    }

    private static func receipt(_ id: String, _ status: String, _ items: Items, _ now: Timestamp) -> Receipt? {
        let kind: Receipt.Kind
        switch status {
        case "delivered": kind = .delivered
        case "failed", "expired": kind = .bounced
        case "rejected": kind = .failed
        default: return nil
        }
        let (reason, isPermanent): (String?, Bool) =
            switch items["err-code"] {
            case _ where kind == .delivered: (nil, false)
            case "1", "5", "7", "10", "12", "14": ("undelivered", false)
            case "2": ("unreachable", false)
            case "3": ("number_unknown", true)
            case "4", "13": ("barred", false)
            case "6", "11": ("filtered", false)
            case "9": ("not_mobile", true)
            default: (status == "expired" ? "expired" : "undelivered", false)
            }
        return Receipt(
            kind,
            messageID: id,
            notice: MailText.notice(items["client-ref"]),
            isPermanent: isPermanent,
            reason: reason,
            at: CallbackTime.at(items["timestamp"].flatMap { Int64($0) }.map { $0 * 1_000_000 }, now)
        )
    }
}

/// Kannel's delivery reports and incoming messages: it signs nothing, so that the token that we put into the URL proves it. Incoming
/// messages come by an `sms-service` with `get-url = "…?token=…&from=%p&to=%P&text=%b"` and `&mo=%I`, in UTF-8.
package struct KannelCallbacks: CallbackReader {
    private let token: [UInt8]

    package init(token: String) { self.token = Array(token.utf8) }

    package func read(_ callback: CarrierCallback, at now: Timestamp) throws(CallbackError) -> CallbackContents {
        let items = Items(all: try callback.query())
        guard let shown = items["token"] else { throw .unsigned }
        guard constantTimeEquals(Array(shown.utf8), token) else { throw .badSignature }
        if let status = items["status"] {
            guard let id = items["id"], let notice = MailText.notice(id), let mask = Int(status) else {
                throw .malformed
            }
            return CallbackContents(receipts: Self.receipt(id, notice, mask, now).map { [$0] } ?? [])
        }
        guard let from = items["from"], let to = items["to"], let text = items["text"] else { throw .malformed }
        let sender = from.hasPrefix("+") ? from : from.hasPrefix("00") ? "+\(from.dropFirst(2))" : "+\(from)"
        return CallbackContents(inbound: [
            InboundMessage(messageID: items["mo"], from: sender, to: to, text: text, at: now)
        ])
    }

    /// 1 delivered, 2 not (with 0x20 expired), 4 queued, 8 with the SMSC, 16 refused by it.
    private static func receipt(_ id: String, _ notice: UUID128, _ mask: Int, _ now: Timestamp) -> Receipt? {
        if mask & 1 != 0 { return Receipt(.delivered, messageID: id, notice: notice, at: now) }
        if mask & 16 != 0 { return Receipt(.failed, messageID: id, notice: notice, reason: "rejected", at: now) }
        guard mask & 2 != 0 else { return nil }
        let reason = mask & 0x20 != 0 ? "expired" : "undelivered"
        return Receipt(.bounced, messageID: id, notice: notice, reason: reason, at: now)
    }
}
