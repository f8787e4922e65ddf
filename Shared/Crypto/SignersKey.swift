import COpenSSL

/// The public key by which somebody else signs what he tells us: RSA or EC, with SHA-256 or, where he knows nothing better, SHA-1.
///
/// It takes the keys that vendors have, RSA from 1024 bits: it proves who speaks, and nothing of ours rests on it. What we sign ourselves
/// is checked by `RSAPublicKey`.
///
/// SAFETY: the key is never changed after init and reference counted by OpenSSL, which allows its use from any thread.
@safe
package final class SignersKey: @unchecked Sendable {
    /// What a message is digested by before it is signed.
    package enum Method: Sendable { case sha1, sha256 }

    private static let largest = 8_192
    private let key: OpaquePointer

    /// A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in DER.
    package init(der octets: [UInt8]) throws(CryptoError) {
        guard let read = unsafe Self.read(octets, { unsafe d2i_PUBKEY_bio($0, nil) }) else {
            throw .operationFailed("public key")
        }
        unsafe key = try unsafe Self.checked(read)
    }

    /// A SubjectPublicKeyInfo in PEM.
    package init(pem: String) throws(CryptoError) {
        guard
            let read = unsafe Self.read(
                Array(pem.utf8),
                { source in unsafe PEM_read_bio_PUBKEY(source, nil, { _, _, _, _ in -1 }, nil) }
            )
        else { throw .operationFailed("public key") }
        unsafe key = try unsafe Self.checked(read)
    }

    /// The key of an X.509 certificate in PEM. Who issued it and whether it is valid still, the caller has made sure of.
    package init(certificatePEM pem: String) throws(CryptoError) {
        let read = unsafe Self.read(Array(pem.utf8)) { source in
            guard let certificate = unsafe PEM_read_bio_X509(source, nil, { _, _, _, _ in -1 }, nil) else { return nil }
            defer { unsafe X509_free(certificate) }
            return unsafe X509_get_pubkey(certificate)
        }
        guard let read = unsafe read else { throw .operationFailed("certificate") }
        unsafe key = try unsafe Self.checked(read)
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Whether the private half signed exactly that message: PKCS #1 v1.5 by an RSA key, a DER ECDSA-Sig-Value (RFC 3279 §2.2.3) by an
    /// EC key.
    package func verifies(_ signature: [UInt8], of message: [UInt8], by method: Method = .sha256) -> Bool {
        guard signature.count <= Self.largest / 8, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        let digest = unsafe method == .sha1 ? EVP_sha1() : EVP_sha256()
        let verified =
            unsafe EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        if !verified { ERR_clear_error() }
        return verified
    }

    private static func read(_ octets: [UInt8], _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        guard octets.count <= 65_536 else { return nil }
        let read: OpaquePointer? = unsafe octets.withUnsafeBytes { octets in
            guard let source = unsafe BIO_new_mem_buf(octets.baseAddress, Int32(octets.count)) else { return nil }
            defer { unsafe BIO_free(source) }
            return unsafe body(source)
        }
        if unsafe read == nil { ERR_clear_error() }
        return unsafe read
    }

    private static func checked(_ key: OpaquePointer) throws(CryptoError) -> OpaquePointer {
        let bits = Int(unsafe EVP_PKEY_get_bits(key))
        let isRSA = unsafe EVP_PKEY_is_a(key, "RSA") == 1 && (1_024...largest).contains(bits)
        let isEC = unsafe EVP_PKEY_is_a(key, "EC") == 1 && (256...521).contains(bits)
        guard isRSA || isEC else {
            unsafe EVP_PKEY_free(key)
            throw .wrongLength("public key")
        }
        return unsafe key
    }
}
