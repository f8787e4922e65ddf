/// Takes out of values what no audit trail may hold, and what is too much for one.
package enum AuditRedaction {
    /// What stands in place of a secret: that it was there, never what or how long it was.
    package static let mark = AuditValue.text("[redacted]")
    /// Characters of one text that are kept.
    package static let maximumText = 2_000
    /// Octets of one value's JSON; a larger one is replaced by how large it was.
    package static let maximumOctets = 32_768
    static let maximumDepth = 16

    /// The value without secrets, by the names of its members, and without what the database cannot keep.
    package static func redact(_ value: AuditValue) -> AuditValue {
        let clean = clean(value, depth: 0)
        guard clean.canonicalOctetsAtMost > maximumOctets else { return clean }
        let octets = clean.canonicalJSON.count
        return octets <= maximumOctets ? clean : ["octetsLeftOut": .integer(Int64(octets))]
    }

    /// Whether a member of that name holds a secret, however its words are joined: `newPassword`, `api_key`, `TOTP-secret`.
    package static func isSecret(_ name: String) -> Bool {
        mayBeSecret(name) && saysSecret(name)
    }

    static func saysSecret(_ name: String) -> Bool {
        let words = words(of: name)
        if words.contains(where: secretWords.contains) { return !isAbout(words) }
        let joined = Array(words.joined().utf8)
        return secretNames.contains { contains(joined, $0) } && !isAbout(words)
    }

    /// False only where no secret's name can stand in that one: every change of a row asks for the names of all of its columns, and
    /// nearly none of them holds a secret. Each such name begins with two letters that are rare in the others.
    static func mayBeSecret(_ name: String) -> Bool {
        var last: UInt8 = 0
        for octet in name.utf8 {
            // What is no letter and no digit may stand between any two letters of a name.
            switch octet {
            case 0x61...0x7a, 0x30...0x39:
                if isBeginning(last, octet) { return true }
                last = octet
            case 0x41...0x5a:
                if isBeginning(last, octet | 0x20) { return true }
                last = octet | 0x20
            case 0x80...: return true
            default: break
            }
        }
        return false
    }

    private static func isBeginning(_ first: UInt8, _ second: UInt8) -> Bool {
        guard (0x61...0x7a).contains(first), (0x61...0x7a).contains(second) else { return false }
        return beginnings[Int(first - 0x61)] & (1 << UInt32(second - 0x61)) != 0
    }

    /// For each first letter the second ones, a bit for each.
    private static let beginnings: [UInt32] = {
        var bits = [UInt32](repeating: 0, count: 26)
        for word in secretWords.map({ Array($0.utf8) }) + secretNames {
            bits[Int(word[0] - 0x61)] |= 1 << UInt32(word[1] - 0x61)
        }
        return bits
    }()

    private static let secretWords: Set<String> = [
        "password", "passwords", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "tokens", "credential",
        "credentials", "authorization", "cookie", "cookies", "otp", "totp", "pin", "puk", "psk", "cvv", "cvc", "seed",
        "key",
        "keys", "hash", "hashes", "salt", "signature", "jwt", "bearer", "recovery",
    ]
    /// Names whose words are not told apart.
    private static let secretNames = [
        "password", "passwd", "passphrase", "secret", "apikey", "privatekey", "accesstoken",
    ].map { Array($0.utf8) }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { start in
            text[start] == part[0] && text[start..<(start + part.count)].elementsEqual(part)
        }
    }

    /// `password_changed_at`, `secretOctets` and `has_totp` tell about a secret and hold none.
    private static func isAbout(_ words: [String]) -> Bool {
        guard words.count > 1, let first = words.first, let last = words.last else { return false }
        return aboutWords.contains(last) || ["has", "is", "must"].contains(first)
    }

    private static let aboutWords: Set<String> = [
        "at", "id", "ids", "octets", "length", "count", "expires", "expiry", "enabled", "required", "changed",
        "rotated",
        "prefix", "policy", "days", "type", "name",
    ]

    /// The words of a name in lower case: split at what is no letter or digit and where a capital follows a small letter.
    static func words(of name: String) -> [String] {
        name.utf8.allSatisfy { $0 < 0x80 } ? plainWords(of: name) : anyWords(of: name)
    }

    /// The same for ASCII, as nearly every name is: each change of a row asks for the names of all of its columns.
    private static func plainWords(of name: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var lastWasSmall = false
        func end() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word.removeAll(keepingCapacity: true)
        }
        for octet in name.utf8 {
            switch octet {
            case 0x30...0x39, 0x61...0x7a:
                word.append(octet)
                lastWasSmall = true
            case 0x41...0x5a:
                if lastWasSmall { end() }
                word.append(octet | 0x20)
                lastWasSmall = false
            default:
                end()
                lastWasSmall = false
            }
        }
        end()
        return words
    }

    static func anyWords(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var lastWasSmall = false
        for character in name {
            guard character.isLetter || character.isNumber else {
                if !word.isEmpty { words.append(word) }
                word = ""
                lastWasSmall = false
                continue
            }
            if character.isUppercase, lastWasSmall {
                words.append(word)
                word = ""
            }
            word += character.lowercased()
            lastWasSmall = character.isLowercase || character.isNumber
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    private static func clean(_ value: AuditValue, depth: Int) -> AuditValue {
        guard depth < maximumDepth else { return .text("[too deep]") }
        switch value {
        case .null, .bool, .integer: return value
        case .text(let text): return .text(clip(text, to: maximumText))
        case .list(let values): return .list(values.map { clean($0, depth: depth + 1) })
        case .object(let members):
            var kept: [String: AuditValue] = [:]
            for (name, member) in members {
                // A secret that is not set tells nothing and says a lot.
                let isHidden = isSecret(name) && member != .null
                kept[clip(name, to: 200)] = isHidden ? mark : clean(member, depth: depth + 1)
            }
            return .object(kept)
        }
    }

    /// At most that many characters, none of them NUL, which Postgres cannot keep.
    static func clip(_ text: String, to maximum: Int) -> String {
        var text = text
        if text.utf8.contains(0) { text = text.replacing("\0", with: "\u{fffd}") }
        // No text has more characters than octets, whose number is known.
        guard text.utf8.count > maximum, text.unicodeScalars.count > maximum else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximum - 1))) + "…"
    }
}
