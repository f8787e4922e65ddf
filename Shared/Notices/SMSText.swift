/// How an SMS of a text travels, and so what it costs.
package struct SMSSegments: Sendable, Hashable {
    package enum Encoding: String, Sendable, Hashable, CaseIterable {
        /// Seven bits to a unit, in the default alphabet and its extension.
        case gsm7
        /// Sixteen bits to a unit; UTF-16 outside the Basic Multilingual Plane, as phones read it.
        case ucs2
    }

    package var encoding: Encoding
    /// Septets or 16-bit units of the whole text, without what the parts are put together by.
    package var units: Int
    /// Messages that are sent, and paid for; 1 for an empty text.
    package var count: Int

    package init(encoding: Encoding, units: Int, count: Int) {
        self.encoding = encoding
        self.units = units
        self.count = count
    }
}

/// What fits into an SMS: 3GPP TS 23.038 §6.2.1 (the default alphabet and its extension, without national language tables, which
/// most carriers do not take) and TS 23.040 §9.2.3.24.1 (a message of several parts gives six octets of each to its header).
package enum SMSText {
    /// In which encoding a text travels, of how many units it is, and in how many messages.
    package static func segments(_ text: String) -> SMSSegments {
        let encoding = encoding(of: text)
        var (units, count) = (0, 0)
        walk(text, encoding) { size, begins in
            units += size
            count += begins ? 1 : 0
        }
        return SMSSegments(encoding: encoding, units: units, count: max(count, 1))
    }

    /// The text cut as its messages are: joined they are the text again. No escape and no surrogate pair is torn apart.
    package static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        var part = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        walk(text, encoding(of: text)) { _, begins in
            if begins, !part.isEmpty {
                parts.append(String(part))
                part = String.UnicodeScalarView()
            }
            if let scalar = scalars.next() { part.append(scalar) }
        }
        return parts + [String(part)]
    }

    /// The text with what typographers prefer said in plain characters, where the default alphabet then holds all of it and it
    /// takes no more messages. Letters are never changed, a `ç` to `Ç` neither; any other text stays as it is.
    package static func transliterated(_ text: String) -> String {
        guard encoding(of: text) == .ucs2 else { return text }
        var plain = String.UnicodeScalarView()
        for character in text {
            // Characters that are the same in Unicode compare as equal: an `e` with an accent after it is the alphabet's `é`.
            if let letter = composed[character] {
                plain.append(letter)
                continue
            }
            for scalar in character.unicodeScalars {
                if GSMAlphabet.code(of: scalar) != nil {
                    plain.append(scalar)
                } else if let equal = equals[scalar] {
                    plain.append(contentsOf: equal.unicodeScalars)
                } else {
                    return text
                }
            }
        }
        let told = String(plain)
        return segments(told).count <= segments(text).count ? told : text
    }

    // MARK: -

    private static func encoding(of text: String) -> SMSSegments.Encoding {
        text.unicodeScalars.allSatisfy { GSMAlphabet.code(of: $0) != nil } ? .gsm7 : .ucs2
    }

    /// Tells of each scalar in turn how many units it has and whether a message begins with it.
    private static func walk(_ text: String, _ encoding: SMSSegments.Encoding, _ body: (Int, Bool) -> Void) {
        func size(_ scalar: Unicode.Scalar) -> Int {
            encoding == .gsm7 ? GSMAlphabet.code(of: scalar)?.count ?? 1 : UTF16.width(scalar)
        }
        let (alone, together) = encoding == .gsm7 ? (160, 153) : (70, 67)
        let units = text.unicodeScalars.reduce(0) { $0 + size($1) }
        let room = units <= alone ? alone : together
        // Full at first, so that the first scalar begins the first message.
        var used = room
        for scalar in text.unicodeScalars {
            let size = size(scalar)
            let begins = used + size > room
            used = begins ? size : used + size
            body(size, begins)
        }
    }

    /// Letters of the alphabet by all that Unicode holds equal to them.
    private static let composed: [Character: Unicode.Scalar] = Dictionary(
        GSMAlphabet.all.map { (Character($0), $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// What may stand for a character that the alphabet lacks: nobody reads anything else in it.
    private static let equals: [Unicode.Scalar: String] = {
        let groups: [(String, [Unicode.Scalar])] = [
            ("'", ["\u{2018}", "\u{2019}", "\u{201A}", "\u{201B}", "\u{2032}", "\u{2039}", "\u{203A}", "\u{02BC}"]),
            ("\"", ["\u{201C}", "\u{201D}", "\u{201E}", "\u{201F}", "\u{2033}", "\u{00AB}", "\u{00BB}"]),
            ("-", ["\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}"]),
            ("...", ["\u{2026}"]),
            (" ", ["\u{0009}", "\u{00A0}", "\u{202F}", "\u{205F}", "\u{3000}"]),
            ("\n", ["\u{0085}", "\u{2028}", "\u{2029}"]),
            // Nothing is seen of them; a text all of whose letters are Latin or Greek runs in one direction anyway.
            ("", ["\u{00AD}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{2060}", "\u{FEFF}"]),
        ]
        var equals: [Unicode.Scalar: String] = [:]
        for (equal, scalars) in groups {
            for scalar in scalars { equals[scalar] = equal }
        }
        // Spaces of any width, and marks that set a run of text apart from what is around it.
        let ranges: [(String, ClosedRange<UInt32>)] = [
            (" ", 0x2000...0x200A), ("", 0x202A...0x202E), ("", 0x2066...0x2069),
        ]
        for (equal, range) in ranges {
            for scalar in range.compactMap(Unicode.Scalar.init) { equals[scalar] = equal }
        }
        return equals
    }()
}
