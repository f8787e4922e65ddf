/// The character classes of RFC 9110 §5.6.2 and §5.5.
enum Token {
    // tchar as two words of 64 bits.
    private static let low: UInt64 = "!#$%&'*+-.0123456789".utf8.reduce(0) { $0 | 1 << UInt64($1) }
    private static let high: UInt64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~".utf8
        .reduce(0) { $0 | 1 << UInt64($1 - 64) }

    /// Whether the octet may stand in a token.
    @inline(__always)
    static func holds(_ octet: UInt8) -> Bool {
        switch octet {
        case 0..<64: low >> UInt64(octet) & 1 == 1
        case 64..<128: high >> UInt64(octet - 64) & 1 == 1
        default: false
        }
    }

    /// Whether the octets are a token: at least one, each a tchar.
    static func isToken(_ octets: some Collection<UInt8>) -> Bool {
        !octets.isEmpty && octets.allSatisfy { holds($0) }
    }

    /// What a text is as a token.
    enum Shape {
        case none
        /// One without a letter in upper case.
        case lower
        case mixed
    }

    /// In one pass over the octets.
    static func shape(of text: String) -> Shape {
        var isMixed = false
        var isEmpty = true
        for octet in text.utf8 {
            guard holds(octet) else { return .none }
            isEmpty = false
            if octet >= 0x41 && octet <= 0x5A { isMixed = true }
        }
        return isEmpty ? .none : isMixed ? .mixed : .lower
    }

    /// Whether the octet may stand in a field's value: visible, a space, a tab, or beyond ASCII.
    @inline(__always)
    static func isFieldValue(_ octet: UInt8) -> Bool { octet >= 0x20 && octet != 0x7F || octet == 0x09 }

    @inline(__always)
    static func lowercased(_ octet: UInt8) -> UInt8 { octet >= 0x41 && octet <= 0x5A ? octet | 0x20 : octet }
}
