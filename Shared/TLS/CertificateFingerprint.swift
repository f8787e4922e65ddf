/// The SHA-256 of a certificate in DER, by which it can be known without an authority.
package struct CertificateFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 32 of them.
    package let octets: [UInt8]

    /// Nil unless there are 32.
    package init?(octets: [UInt8]) {
        guard octets.count == 32 else { return nil }
        self.octets = octets
    }

    /// 64 hexadecimal digits, in pairs with or without a colon between them, as `openssl x509 -fingerprint -sha256` and RouterOS
    /// show them; nil for anything else.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.allSatisfy({ $0.count == 2 }) else { return nil }
        let digits = parts.joined().compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, parts.reduce(0, { $0 + $1.count }) == 64 else { return nil }
        octets = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// In capital letters with colons.
    package var description: String {
        octets.map { octet in
            let text = String(octet, radix: 16, uppercase: true)
            return text.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }
}
