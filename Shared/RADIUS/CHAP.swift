import Crypto

/// CHAP with MD5 (RFC 2865 §5.3, RFC 1994 §4.1).
package enum CHAP {
    /// True when `response`, the 17 octets of a CHAP-Password (identifier, then digest), was made from `password` and
    /// `challenge`: the CHAP-Challenge attribute or, without one, the Request Authenticator. False for a response of
    /// any other length and for an empty challenge. Constant time, no allocation.
    package static func verify(
        response: UnsafeRawBufferPointer,
        challenge: UnsafeRawBufferPointer,
        password: UnsafeRawBufferPointer
    ) -> Bool {
        guard response.count == 17, challenge.count > 0 else { return false }
        let identifier = unsafe UnsafeRawBufferPointer(rebasing: response[0..<1])
        let given = unsafe UnsafeRawBufferPointer(rebasing: response[1...])
        var expected = InlineArray<16, UInt8>(repeating: 0)
        return unsafe withUnsafeMutableBytes(of: &expected) { expected in
            guard let base = expected.baseAddress else { return false }
            unsafe Digest.md5(identifier, password, challenge, into: base)
            return unsafe constantTimeEquals(UnsafeRawBufferPointer(expected), given)
        }
    }

    /// As `verify` for a password in an array.
    package static func verify(
        response: UnsafeRawBufferPointer,
        challenge: UnsafeRawBufferPointer,
        password: [UInt8]
    ) -> Bool {
        unsafe password.withUnsafeBytes { unsafe verify(response: response, challenge: challenge, password: $0) }
    }

    /// The CHAP-Password of a client: the identifier, then MD5(identifier + password + challenge).
    package static func response(identifier: UInt8, challenge: [UInt8], password: [UInt8]) -> [UInt8] {
        [identifier] + Digest.md5([identifier] + password + challenge)
    }
}
