/// Everything that can be computed once about a RADIUS shared secret: the HMAC-MD5 states after the inner and outer
/// pad, and the MD5 state after the secret. A packet then costs only the digest of its own octets.
///
/// Immutable: any number of threads may use one context at once. No operation allocates.
package struct SecretContext: ~Copyable, Sendable {
    private let secret: [UInt8]
    private let innerPad: MD5
    private let outerPad: MD5
    private let prefix: MD5

    /// Prepares `secret`, of any length (RFC 2104 §2: one longer than 64 octets counts as its digest within HMAC).
    package init(secret: [UInt8]) {
        self.secret = secret
        let key = secret.count > 64 ? Digest.md5(secret) : secret
        let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
        var inner = MD5()
        inner.update(padded.map { $0 ^ 0x36 })
        var outer = MD5()
        outer.update(padded.map { $0 ^ 0x5C })
        var prefix = MD5()
        prefix.update(secret)
        innerPad = inner
        outerPad = outer
        self.prefix = prefix
    }

    /// Begins an HMAC-MD5 under the secret.
    package func beginHMAC() -> HMACMD5 {
        HMACMD5(inner: innerPad, outer: outerPad)
    }

    /// Writes the 16 octets of HMAC-MD5(secret, bytes) to `output`.
    package func hmacMD5(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer) {
        var code = beginHMAC()
        unsafe code.update(bytes)
        unsafe code.finish(into: output)
    }

    /// Writes the 16 octets of MD5(bytes + secret) to `output`: the authenticator of replies and of accounting
    /// requests (RFC 2865 §3, RFC 2866 §3).
    package func md5WithSecretAppended(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer) {
        var digest = MD5()
        unsafe digest.update(bytes)
        unsafe finish(&digest, into: output)
    }

    /// As `md5WithSecretAppended`, for a message whose beginning was taken in piece by piece.
    package func finish(_ digest: inout MD5, into output: UnsafeMutableRawPointer) {
        digest.update(secret)
        unsafe digest.finish(into: output)
    }

    /// Writes the 16 octets of MD5(secret + bytes) to `output`: the mask of hidden attributes (RFC 2865 §5.2).
    package func md5WithSecretPrepended(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer) {
        var digest = prefix
        unsafe digest.update(bytes)
        unsafe digest.finish(into: output)
    }

    /// As `md5WithSecretPrepended` for secret + first + second (RFC 2868 §3.5: the authenticator, then the salt).
    package func md5WithSecretPrepended(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawPointer
    ) {
        var digest = prefix
        unsafe digest.update(first)
        unsafe digest.update(second)
        unsafe digest.finish(into: output)
    }
}

/// A shared secret with its prepared context, for places that cannot hold a `~Copyable` value.
package final class SharedSecret: Sendable, CustomStringConvertible {
    /// The octets of the secret.
    package let bytes: [UInt8]
    /// The prepared states.
    package let context: SecretContext

    /// Prepares `bytes`.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        context = SecretContext(secret: bytes)
    }

    /// Never the secret.
    package var description: String { "<secret>" }
}
