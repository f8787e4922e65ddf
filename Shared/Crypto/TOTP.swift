import WireFormat

/// One-time codes by the clock (RFC 6238): SHA-1, six digits, thirty seconds, as every authenticator application has them.
package enum TOTP {
    /// Seconds that a code is for.
    package static let period: Int64 = 30
    /// Octets of a key (RFC 4226 §4 R6).
    package static let keyLength = 20

    /// A fresh key.
    package static func newKey() -> [UInt8] { Randomness.bytes(keyLength) }

    /// The step that `time`, in seconds since 1970, lies in.
    package static func step(at time: Int64) -> Int64 { time / period }

    /// The code of a step (RFC 4226 §5.3).
    package static func code(key: [UInt8], step: Int64) -> String {
        let counter = [56, 48, 40, 32, 24, 16, 8, 0].map { UInt8(truncatingIfNeeded: step >> $0) }
        let code = HMAC.sha1(counter, key: key)
        let offset = Int(code[19] & 0x0F)
        let number = code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// What a code that was entered is worth.
    package enum Finding: Hashable, Sendable {
        /// Right, for that step. The caller keeps it: no code of this or an earlier step is taken again.
        case accepted(step: Int64)
        /// Right, but for a step that was used (RFC 6238 §5.2).
        case replayed
        case wrong
    }

    /// Checks a code at `time`; one step before and after are taken for a clock that is off. Every step is computed and
    /// compared in full, whatever comes first.
    package static func check(_ code: String, key: [UInt8], at time: Int64, after lastStep: Int64?) -> Finding {
        let entered = Array(code.utf8)
        let now = step(at: time)
        var found: Int64?
        for step in (now - 1)...(now + 1)
        where constantTimeEquals(entered, Array(Self.code(key: key, step: step).utf8)) { found = step }
        guard let found else { return .wrong }
        if let lastStep, found <= lastStep { return .replayed }
        return .accepted(step: found)
    }

    /// The address that an application takes the key from, as a QR code.
    package static func address(key: [UInt8], issuer: String, account: String) -> String {
        let (who, what) = (percentEncoded(issuer), percentEncoded(account))
        return "otpauth://totp/\(who):\(what)?secret=\(Base32.encode(key))&issuer=\(who)"
            + "&algorithm=SHA1&digits=6&period=\(period)"
    }

    private static func percentEncoded(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.map { octet in
            plain.contains(octet)
                ? String(UnicodeScalar(octet)) : "%" + Hex.encodeUpperCase([octet])
        }.joined()
    }
}

/// Codes on paper that each stand in for the authenticator once.
package enum RecoveryCode {
    /// How many somebody gets.
    package static let count = 10

    /// A fresh code: 80 random bits in groups of four characters, so that its plain digest may be stored.
    package static func make() -> String {
        let text = Array(Base32.encode(Randomness.bytes(10)).lowercased())
        return stride(from: 0, to: text.count, by: 4).map { String(text[$0..<$0 + 4]) }.joined(separator: "-")
    }

    /// What is stored of a code, however it was typed; nil for what cannot be one.
    package static func digest(of typed: String) -> [UInt8]? {
        let plain = typed.filter { $0 != "-" && !$0.isWhitespace }
        guard plain.utf8.count == 16, let octets = Base32.decode(plain) else { return nil }
        return Digest.sha256(octets)
    }
}
