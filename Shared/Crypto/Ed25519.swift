import COpenSSL

/// Signatures by Ed25519 (RFC 8032): 32 octets of private and of public key, 64 of signature.
package enum Ed25519 {
    /// Octets of either key.
    package static let keyLength = 32
    /// Octets of a signature.
    package static let signatureLength = 64

    /// The public key that belongs to a private one.
    package static func publicKey(of privateKey: [UInt8]) throws(CryptoError) -> [UInt8] {
        let key = try Key(privateKey: privateKey)
        var octets = [UInt8](repeating: 0, count: keyLength)
        var count = keyLength
        guard unsafe EVP_PKEY_get_raw_public_key(key.raw, &octets, &count) == 1, count == keyLength else {
            throw .operationFailed("Ed25519")
        }
        return octets
    }

    /// The signature of a message; the same for the same message and key.
    package static func sign(_ message: [UInt8], privateKey: [UInt8]) throws(CryptoError) -> [UInt8] {
        let key = try Key(privateKey: privateKey)
        var signature = [UInt8](repeating: 0, count: signatureLength)
        var count = signatureLength
        let succeeded = unsafe withContext { context in
            unsafe EVP_DigestSignInit(context, nil, nil, nil, key.raw) == 1
                && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        }
        guard succeeded, count == signatureLength else { throw .operationFailed("Ed25519") }
        return signature
    }

    /// Whether the signature is that key's of that message. What has the wrong length is not.
    package static func verify(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) throws(CryptoError)
        -> Bool
    {
        guard signature.count == signatureLength, publicKey.count == keyLength else { return false }
        guard let key = Key(publicKey: publicKey) else {
            ERR_clear_error()
            return false
        }
        let holds = unsafe withContext { context in
            unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key.raw) == 1
                && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }
        if !holds { ERR_clear_error() }
        return holds
    }

    /// A key of OpenSSL's, freed with this value.
    @safe
    private struct Key: ~Copyable {
        let raw: OpaquePointer

        init(privateKey: [UInt8]) throws(CryptoError) {
            guard privateKey.count == keyLength else { throw .wrongLength("Ed25519") }
            guard
                let raw = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, privateKey, privateKey.count)
            else { throw .operationFailed("Ed25519") }
            unsafe self.raw = raw
        }

        init?(publicKey: [UInt8]) {
            guard let raw = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count)
            else { return nil }
            unsafe self.raw = raw
        }

        deinit { unsafe EVP_PKEY_free(raw) }
    }

    /// False also when no context can be had.
    private static func withContext(_ body: (OpaquePointer) -> Bool) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe body(context)
    }
}
