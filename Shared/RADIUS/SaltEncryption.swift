package import Crypto

/// The salted hiding of Tunnel-Password (RFC 2868 §3.5) and the MS-MPPE keys (RFC 2548 §2.4.2): two octets of salt, then
/// the length, the value and padding under MD5 masks.
package enum SaltEncryption {
    /// The longest value that still fits into a Vendor-Specific attribute.
    package static let maximumLength = 239

    /// A random salt. Its highest bit is one, as the RFCs demand; within one packet each salt must be used once only.
    package static func randomSalt() -> UInt16 {
        let bytes = Randomness.bytes(2)
        return 0x8000 | UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    }

    /// Salt and hidden octets; for Tunnel-Password the tag goes in front. Nil when `clear` is longer than
    /// `maximumLength`, the authenticator is not 16 octets or the salt's highest bit is zero.
    package static func encrypt(
        _ clear: [UInt8],
        salt: UInt16,
        requestAuthenticator: [UInt8],
        secret: borrowing SecretContext
    ) -> [UInt8]? {
        guard clear.count <= maximumLength, requestAuthenticator.count == 16, salt & 0x8000 != 0 else { return nil }
        let padding = (16 - (clear.count + 1) % 16) % 16
        let padded = [UInt8(clear.count)] + clear + [UInt8](repeating: 0, count: padding)
        let saltBytes = [UInt8(salt >> 8), UInt8(truncatingIfNeeded: salt)]
        var output = saltBytes
        var mask = Self.mask(requestAuthenticator + saltBytes, secret)
        for block in stride(from: 0, to: padded.count, by: 16) {
            let hidden = (0..<16).map { padded[block + $0] ^ mask[$0] }
            output += hidden
            mask = Self.mask(hidden, secret)
        }
        return output
    }

    /// The value hidden in `hidden` (salt first); nil when its length or the length inside cannot be.
    package static func decrypt(
        _ hidden: [UInt8],
        requestAuthenticator: [UInt8],
        secret: borrowing SecretContext
    ) -> [UInt8]? {
        guard hidden.count >= 18, (hidden.count - 2).isMultiple(of: 16), requestAuthenticator.count == 16 else {
            return nil
        }
        var clear: [UInt8] = []
        var mask = Self.mask(requestAuthenticator + hidden[..<2], secret)
        for block in stride(from: 2, to: hidden.count, by: 16) {
            clear += (0..<16).map { hidden[block + $0] ^ mask[$0] }
            mask = Self.mask(Array(hidden[block..<block + 16]), secret)
        }
        let length = Int(clear[0])
        guard length < clear.count else { return nil }
        return Array(clear[1..<1 + length])
    }

    private static func mask(_ bytes: [UInt8], _ secret: borrowing SecretContext) -> InlineArray<16, UInt8> {
        var mask = InlineArray<16, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &mask) { mask in
            guard let base = mask.baseAddress else { return }
            unsafe bytes.withUnsafeBytes { unsafe secret.md5WithSecretPrepended($0, into: base) }
        }
        return mask
    }
}
