internal import Domain
internal import Notices
internal import WireFormat

/// What the e-mail vendors' APIs share.
enum MailText {
    /// A mailbox that every vendor takes: ASCII, one `@`, nothing that could end it in a list or a field.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count), text.utf8.count <= 254 else { return false }
        let isLocal = parts[0].utf8.allSatisfy {
            isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~.".utf8.contains($0)
        }
        let isDotted = !parts[0].hasPrefix(".") && !parts[0].hasSuffix(".") && !parts[0].contains("..")
        return isLocal && isDotted && isDomain(String(parts[1]))
    }

    /// Labels of letters, digits and inner hyphens, two at least.
    static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2d }
            }
    }

    static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    /// One line: what controls anything is a blank.
    static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 })
        )
    }

    /// `Name <address>`, the name quoted, or in base 64 where it is beyond ASCII (RFC 5322 §3.4, RFC 2047 §4.1).
    static func mailbox(_ address: String, name: String?) -> String {
        let clean = oneLine(name ?? "")
        guard !clean.isEmpty else { return address }
        guard clean.utf8.allSatisfy({ $0 < 0x7f }) else {
            return "\(encodedWords(clean)) <\(address)>"
        }
        let quoted = clean.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(quoted)\" <\(address)>"
    }

    /// Words of at most 75 octets, none of which breaks a character.
    private static func encodedWords(_ text: String) -> String {
        var pieces: [[UInt8]] = [[]]
        for character in text {
            let octets = Array(String(character).utf8)
            if pieces[pieces.count - 1].count + octets.count > 45, !pieces[pieces.count - 1].isEmpty {
                pieces.append([])
            }
            pieces[pieces.count - 1] += octets
        }
        return pieces.map { "=?UTF-8?B?\(Base64.encode($0))?=" }.joined(separator: " ")
    }

    /// Fields that let one press end it (RFC 2369, RFC 8058): for https alone, as both want it.
    static func unsubscribing(_ message: OutgoingMessage) -> [(name: String, value: String)] {
        guard let url = message.unsubscribeURL, url.lowercased().hasPrefix("https://"), url.utf8.count <= 900,
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x3c && $0 != 0x3e })
        else { return [] }
        return [
            ("List-Unsubscribe", "<\(url)>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
    }

    /// What a vendor that lets us choose names the message by: the same however often it is tried.
    static func messageID(_ message: OutgoingMessage, from address: String) -> String {
        "\(noticeID(message))@\(address.split(separator: "@").last ?? "")"
    }

    /// What comes back with receipts.
    static func noticeID(_ message: OutgoingMessage) -> String { Hex.encode(message.id.bytes) }

    /// A notice's id out of a receipt; nil for what is none.
    static func notice(_ text: String?) -> UUID128? {
        text.flatMap { Hex.decode($0) }.flatMap { UUID128(bytes: $0) }
    }

    static func fileName(_ name: String) -> String {
        let clean = oneLine(String(name.unicodeScalars.prefix(150))).filter { $0 != "/" && $0 != "\\" && $0 != "\"" }
        return clean.isEmpty ? "file" : clean
    }

    /// `type/subtype`, or what says nothing.
    static func type(_ text: String) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isType =
            parts.count == 2
            && parts.allSatisfy { part in
                (1...127).contains(part.utf8.count)
                    && part.utf8.allSatisfy { isLetterOrDigit($0) || "!#$&-^_.+".utf8.contains($0) }
            }
        return isType ? text : "application/octet-stream"
    }
}

/// What the vendors of SMS share.
enum CarrierSMS {
    /// The characters of GSM 7 bit's default alphabet and, counted twice, of its extension (3GPP TS 23.038 §6.2.1).
    private static let basic = Set(
        """
        @£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
        abcdefghijklmnopqrstuvwxyzäöñüà
        """.unicodeScalars
    )
    private static let extended = Set("\u{c}^{}\\[~]|€".unicodeScalars)

    /// Whether it needs UCS-2.
    static func isUnicode(_ text: String) -> Bool {
        !text.unicodeScalars.allSatisfy { basic.contains($0) || extended.contains($0) }
    }

    /// How many messages the text is on the air: 160 septets or 70 units alone, 153 or 67 in each of several (3GPP TS 23.040 §9.2.3.24.1).
    static func segments(_ text: String) -> Int {
        let isUnicode = isUnicode(text)
        // A character of two units or septets is not split between two messages.
        let costs = text.unicodeScalars.map {
            isUnicode ? ($0.value > 0xffff ? 2 : 1) : (extended.contains($0) ? 2 : 1)
        }
        let (alone, each) = isUnicode ? (70, 67) : (160, 153)
        guard costs.reduce(0, +) > alone else { return 1 }
        var (count, used) = (1, 0)
        for cost in costs {
            if used + cost > each { (count, used) = (count + 1, 0) }
            used += cost
        }
        return count
    }

    /// E.164: a plus and 7 to 15 digits, the first of them no zero.
    static func isNumber(_ text: String) -> Bool {
        let digits = text.dropFirst()
        return text.hasPrefix("+") && (7...15).contains(digits.utf8.count) && !digits.hasPrefix("0")
            && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// A number, a short number, or a name of at most 11 letters and digits (3GPP TS 23.040 §9.1.2.5).
    static func isSender(_ text: String) -> Bool {
        if isNumber(text) { return true }
        let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isDigits { return (3...15).contains(text.utf8.count) }
        return (1...11).contains(text.utf8.count) && text.utf8.allSatisfy { MailText.isLetterOrDigit($0) || $0 == 0x20 }
    }
}
