import Crypto

/// The two ways to log in.
enum LoginWords {
    /// RouterOS 6.43 and newer.
    static func plain(_ configuration: RouterConfiguration) -> RouterCommand {
        RouterCommand("/login").with("name", configuration.user).with("password", configuration.password, secret: true)
    }

    /// Before 6.43: 00 and the MD5 of a zero octet, the password and the challenge's octets, in hexadecimal. Nil where the
    /// challenge is no such text, or too long to be one.
    static func answer(_ configuration: RouterConfiguration, challenge: String) -> RouterCommand? {
        let digits = challenge.compactMap(\.hexDigitValue)
        guard digits.count == challenge.count, digits.count.isMultiple(of: 2), 2...128 ~= digits.count else {
            return nil
        }
        let octets = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        var digest = MD5()
        digest.update([0] + Array(configuration.password.utf8) + octets)
        var result = [UInt8](repeating: 0, count: MD5.digestLength)
        // SAFETY: the array holds as many octets as a digest has.
        unsafe result.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { unsafe digest.finish(into: base) }
        }
        let text = ([0] + result).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        return RouterCommand("/login").with("name", configuration.user).with("response", text, secret: true)
    }
}
