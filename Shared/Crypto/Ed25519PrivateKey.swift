import COpenSSL

/// A private key that signs by Ed25519 (RFC 8032).
package struct Ed25519PrivateKey: Sendable, CustomStringConvertible {
    /// The half that everyone may know: 32 octets.
    package let publicKey: [UInt8]
    private let octets: [UInt8]

    /// A key of its 32 octets.
    package init(octets: [UInt8]) throws(CryptoError) {
        publicKey = try Ed25519.publicKey(of: octets)
        self.octets = octets
    }

    /// A key from its unencrypted PEM text (PKCS #8, RFC 8410).
    package init(pem: String) throws(CryptoError) {
        let key = try unsafe PEMKey.read(pem)
        defer { unsafe EVP_PKEY_free(key) }
        var octets = [UInt8](repeating: 0, count: Ed25519.keyLength)
        var count = octets.count
        guard unsafe EVP_PKEY_is_a(key, "ED25519") == 1,
            unsafe EVP_PKEY_get_raw_private_key(key, &octets, &count) == 1, count == Ed25519.keyLength
        else {
            ERR_clear_error()
            throw .operationFailed("the key is no Ed25519 key")
        }
        try self.init(octets: octets)
    }

    /// The signature of a message, 64 octets; the same for the same message.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try Ed25519.sign(message, privateKey: octets)
    }

    /// Whether the key signed exactly that message.
    package static func verifies(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        (try? Ed25519.verify(signature, of: message, publicKey: publicKey)) ?? false
    }

    /// Never the key.
    package var description: String { "<Ed25519 private key>" }
}
