package import Domain
package import Notices
internal import WireFormat

/// Who a message is from.
package struct MailSender: Sendable, Hashable {
    package var address: MailAddress
    package var name: String?
    package var replyTo: MailAddress?

    package init(_ address: MailAddress, name: String? = nil, replyTo: MailAddress? = nil) {
        self.address = address
        self.name = name
        self.replyTo = replyTo
    }
}

/// A field of a message's head. The value is folded: each line after its first begins with a blank.
package struct MailField: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A message as it is sent (RFC 5322, 2045 to 2047, 2231): ASCII, lines of at most 998 octets that end with CRLF.
package struct MailMessage: Sendable, Hashable {
    package private(set) var fields: [MailField]
    package let body: [UInt8]
    /// Without its brackets: what bounces and complaints name the message by.
    package let messageID: String

    /// Text, and HTML where there is some, as alternatives; files after them. The same message gives the same octets.
    package init(_ message: OutgoingMessage, to recipient: MailAddress, from sender: MailSender, at now: Timestamp) {
        let id = Hex.encode(message.id.bytes)
        messageID = "\(id)@\(sender.address.domain)"
        var fields = [
            MailField("Date", MailDate.text(now)),
            MailField("From", HeaderText.mailbox(sender.address, name: sender.name, after: "From")),
        ]
        if let replyTo = sender.replyTo { fields.append(MailField("Reply-To", replyTo.text)) }
        fields += [
            MailField("To", HeaderText.mailbox(recipient, name: message.recipientName, after: "To")),
            MailField("Subject", HeaderText.unstructured(message.subject ?? "", after: "Subject")),
            MailField("Message-ID", "<\(messageID)>"),
            // No out-of-office note is to answer it (RFC 3834 §5).
            MailField("Auto-Submitted", "auto-generated"),
        ]
        if Self.isLanguage(message.language) { fields.append(MailField("Content-Language", message.language)) }
        fields += Self.unsubscribing(message.unsubscribeURL)
        let part = MailPart.whole(message, id: id)
        fields.append(MailField("MIME-Version", "1.0"))
        fields += part.fields
        self.fields = fields
        body = part.body
    }

    /// Puts a field before all others.
    package mutating func prepend(_ field: MailField) { fields.insert(field, at: 0) }

    /// The whole as it goes over the wire, before dots are doubled.
    package var octets: [UInt8] { MailPart(fields, body).octets }

    /// One press ends it (RFC 2369, RFC 8058): for https alone.
    private static func unsubscribing(_ url: String?) -> [MailField] {
        guard let url, url.lowercased().hasPrefix("https://"), url.utf8.count <= 900,
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x3c && $0 != 0x3e })
        else { return [] }
        let fits = "List-Unsubscribe: <>".utf8.count + url.utf8.count <= HeaderText.lineLimit
        return [
            MailField("List-Unsubscribe", (fits ? "" : "\r\n ") + "<\(url)>"),
            MailField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
    }

    private static func isLanguage(_ text: String) -> Bool {
        (2...35).contains(text.utf8.count) && text.utf8.allSatisfy { MailAddress.isLetterOrDigit($0) || $0 == 0x2d }
    }
}

/// A body with the fields that say what it is.
struct MailPart {
    var fields: [MailField]
    var body: [UInt8]

    init(_ fields: [MailField], _ body: [UInt8]) {
        self.fields = fields
        self.body = body
    }

    /// What a message holds. `id` makes the lines between its parts.
    static func whole(_ message: OutgoingMessage, id: String) -> MailPart {
        var part = text(message.text, "plain")
        if let html = message.html { part = multipart("alternative", [part, text(html, "html")], "a\(id)") }
        guard !message.attachments.isEmpty else { return part }
        return multipart("mixed", [part] + message.attachments.map(file), "m\(id)")
    }

    var octets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(body.count + 2_048)
        for field in fields {
            let gap = field.value.hasPrefix("\r\n") ? ":" : ": "
            octets += Array("\(field.name)\(gap)\(field.value)\r\n".utf8)
        }
        return octets + [0x0d, 0x0a] + body
    }

    private static func text(_ text: String, _ subtype: String) -> MailPart {
        MailPart(
            [
                MailField("Content-Type", "text/\(subtype); charset=utf-8"),
                MailField("Content-Transfer-Encoding", "quoted-printable"),
            ],
            QuotedPrintable.encode(text)
        )
    }

    private static func file(_ attachment: OutgoingMessage.Attachment) -> MailPart {
        var body: [UInt8] = []
        let line = 57
        for start in stride(from: 0, to: attachment.octets.count, by: line) {
            let octets = attachment.octets[start..<min(start + line, attachment.octets.count)]
            body += Array(Base64.encode(Array(octets)).utf8) + [0x0d, 0x0a]
        }
        let parameters = FileName.parameters(attachment.name)
        let type = FileName.isType(attachment.type) ? attachment.type : "application/octet-stream"
        return MailPart(
            [
                MailField("Content-Type", type),
                MailField("Content-Transfer-Encoding", "base64"),
                MailField("Content-Disposition", (["attachment"] + parameters).joined(separator: ";\r\n ")),
            ],
            body
        )
    }

    /// `=_` stands in no quoted-printable text and in no base 64, so that no part can hold the line that ends it (RFC 2045 §6.7).
    private static func multipart(_ subtype: String, _ parts: [MailPart], _ name: String) -> MailPart {
        let boundary = "=_\(name)"
        var body: [UInt8] = []
        for part in parts { body += Array("--\(boundary)\r\n".utf8) + part.octets + [0x0d, 0x0a] }
        body += Array("--\(boundary)--\r\n".utf8)
        return MailPart([MailField("Content-Type", "multipart/\(subtype);\r\n boundary=\"\(boundary)\"")], body)
    }
}

/// A file's name as parameters of Content-Disposition.
enum FileName {
    /// `filename="…"`, or its extended form where that cannot say it (RFC 2231 §3, §4; RFC 2183).
    static func parameters(_ name: String) -> [String] {
        let clean = HeaderText.oneLine(String(name.unicodeScalars.prefix(150))).filter { $0 != "/" && $0 != "\\" }
        let isSimple = clean.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != 0x22 }
        guard !clean.isEmpty else { return ["filename=\"file\""] }
        if isSimple, clean.utf8.count <= 60 { return ["filename=\"\(clean)\""] }
        var pieces = ["UTF-8''"]
        for octet in clean.utf8 {
            let text = escaped(octet)
            if pieces[pieces.count - 1].utf8.count + text.utf8.count > 55 { pieces.append("") }
            pieces[pieces.count - 1] += text
        }
        guard pieces.count > 1 else { return ["filename*=\(pieces[0])"] }
        return pieces.enumerated().map { "filename*\($0.offset)*=\($0.element)" }
    }

    /// `type/subtype`, both words (RFC 2045 §5.1), at most 127 octets each (RFC 6838 §4.2).
    static func isType(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                (1...127).contains(part.utf8.count)
                    && part.utf8.allSatisfy { MailAddress.isLetterOrDigit($0) || "!#$&-^_.+".utf8.contains($0) }
            }
    }

    private static func escaped(_ octet: UInt8) -> String {
        guard !MailAddress.isLetterOrDigit(octet), octet != 0x2d, octet != 0x2e, octet != 0x5f else {
            return String(UnicodeScalar(octet))
        }
        let digits = String(octet, radix: 16, uppercase: true)
        return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
}

/// An instant as a message's head says it, in UTC (RFC 5322 §3.3).
enum MailDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    // 1970-01-01 was a Thursday.
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    static func text(_ instant: Timestamp) -> String {
        let day = instant.day
        let (year, month, dayOfMonth) = day.components
        let seconds = Int(instant.microseconds(since: day.start) / 1_000_000)
        let weekday = days[(day.daysSince1970 % 7 + 7) % 7]
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { two($0) }.joined(separator: ":")
        let longYear = String(repeating: "0", count: max(0, 4 - String(year).utf8.count)) + String(year)
        return "\(weekday), \(two(dayOfMonth)) \(months[month - 1]) \(longYear) \(clock) +0000"
    }

    private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
}
