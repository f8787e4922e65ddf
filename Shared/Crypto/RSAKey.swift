import COpenSSL

/// A public RSA key that checks signatures of RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2; RFC 7518 §3.3).
///
/// SAFETY: the key is never changed after init and reference counted by OpenSSL, which allows its use from any thread.
@safe
package final class RSAPublicKey: @unchecked Sendable {
    /// What a key must have at least (RFC 7518 §3.3), and what checking may cost at most.
    package static let modulusBits = 2048...8192
    /// The modulus, big end first, without leading zeros.
    package let modulus: [UInt8]
    /// The public exponent, likewise.
    package let exponent: [UInt8]
    private let key: OpaquePointer

    /// A key of its two numbers, big end first. Throws `wrongLength` for a modulus outside `modulusBits` or an even or tiny
    /// exponent.
    package init(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
        let plainModulus = Array(modulus.drop { $0 == 0 })
        let plainExponent = Array(exponent.drop { $0 == 0 })
        guard let first = plainModulus.first, let last = plainExponent.last,
            Self.modulusBits.contains(plainModulus.count * 8 - first.leadingZeroBitCount),
            plainExponent.count <= 4, last & 1 == 1, plainExponent != [1]
        else { throw .wrongLength("RSA") }
        guard let made = unsafe Self.make(plainModulus, plainExponent) else { throw .operationFailed("RSA key") }
        self.modulus = plainModulus
        self.exponent = plainExponent
        unsafe key = made
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Whether the private half signed exactly that message.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == modulus.count, let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        let verified =
            unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        if !verified { ERR_clear_error() }
        return verified
    }

    /// The key as DKIM and others publish it: SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7).
    package func subjectPublicKeyInfo() throws(CryptoError) -> [UInt8] {
        let count = unsafe i2d_PUBKEY(key, nil)
        guard count > 0 else { throw .operationFailed("RSA key") }
        var octets = [UInt8](repeating: 0, count: Int(count))
        let written = unsafe octets.withUnsafeMutableBufferPointer { buffer in
            var end = buffer.baseAddress
            return unsafe i2d_PUBKEY(key, &end)
        }
        guard written == count else { throw .operationFailed("RSA key") }
        return octets
    }

    /// EVP_PKEY_PUBLIC_KEY, a macro that Swift does not see: all parameters (0x84) and the public key (0x02).
    private static let publicSelection: Int32 = 0x86

    // OSSL_PKEY_PARAM_RSA_N and _E. The builder keeps the address of a name, so that it must not be a string's for one call.
    private static let modulusName: StaticString = "n"
    private static let exponentName: StaticString = "e"

    private static func name(_ text: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func make(_ modulus: [UInt8], _ exponent: [UInt8]) -> OpaquePointer? {
        let n = unsafe BN_bin2bn(modulus, Int32(modulus.count), nil)
        let e = unsafe BN_bin2bn(exponent, Int32(exponent.count), nil)
        let builder = unsafe OSSL_PARAM_BLD_new()
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer {
            unsafe BN_free(n)
            unsafe BN_free(e)
            unsafe OSSL_PARAM_BLD_free(builder)
            unsafe EVP_PKEY_CTX_free(context)
        }
        guard unsafe OSSL_PARAM_BLD_push_BN(builder, name(Self.modulusName), n) == 1,
            unsafe OSSL_PARAM_BLD_push_BN(builder, name(Self.exponentName), e) == 1,
            let parameters = unsafe OSSL_PARAM_BLD_to_param(builder)
        else { return nil }
        defer { unsafe OSSL_PARAM_free(parameters) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe EVP_PKEY_fromdata(context, &key, publicSelection, parameters) == 1
        else {
            ERR_clear_error()
            return nil
        }
        return unsafe key
    }
}

/// A private RSA key that signs. Signing takes about 0.4 ms at 2048 bits: off the loops that serve many.
///
/// SAFETY: the key is never changed after init and reference counted by OpenSSL, which allows its use from any thread.
@safe
package final class RSAPrivateKey: @unchecked Sendable, CustomStringConvertible {
    /// The half that everyone may know.
    package let publicKey: RSAPublicKey
    private let key: OpaquePointer

    /// A fresh key of 2048 bits, or more; takes a tenth of a second or several.
    package static func generate(bits: Int = 2048) throws(CryptoError) -> RSAPrivateKey {
        guard RSAPublicKey.modulusBits.contains(bits) else { throw .wrongLength("RSA") }
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1,
            unsafe EVP_PKEY_generate(context, &key) == 1, let key = unsafe key
        else { throw .operationFailed("RSA key generation") }
        return try unsafe RSAPrivateKey(owning: key)
    }

    /// A key from its unencrypted PEM text (PKCS #8, RFC 5958, or PKCS #1).
    package init(pem: String) throws(CryptoError) {
        let read = try unsafe PEMKey.read(pem)
        do throws(CryptoError) {
            publicKey = try unsafe Self.publicHalf(read)
        } catch {
            unsafe EVP_PKEY_free(read)
            throw error
        }
        unsafe key = read
    }

    private init(owning key: OpaquePointer) throws(CryptoError) {
        do throws(CryptoError) {
            publicKey = try unsafe Self.publicHalf(key)
        } catch {
            unsafe EVP_PKEY_free(key)
            throw error
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// Never the key.
    package nonisolated var description: String { "<RSA private key>" }

    /// The key as unencrypted PKCS #8 PEM: to be sealed before it is stored anywhere.
    package func pem() throws(CryptoError) -> String {
        let sink = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(sink) }
        guard unsafe PEM_write_bio_PKCS8PrivateKey(sink, key, nil, nil, 0, nil, nil) == 1 else {
            throw .operationFailed("PEM")
        }
        var text = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe BIO_read(sink, &text, Int32(text.count))
        guard count > 0, Int(count) < text.count else { throw .operationFailed("PEM") }
        return String(decoding: text[..<Int(count)], as: UTF8.self)
    }

    /// The signature of a message: as many octets as the modulus has.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { throw .operationFailed("RS256") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: publicKey.modulus.count)
        var count = signature.count
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
        else { throw .operationFailed("RS256") }
        return signature
    }

    private static func publicHalf(_ key: OpaquePointer) throws(CryptoError) -> RSAPublicKey {
        guard unsafe EVP_PKEY_is_a(key, "RSA") == 1 else { throw .operationFailed("the key is no RSA key") }
        return try RSAPublicKey(
            modulus: unsafe number(OSSL_PKEY_PARAM_RSA_N, of: key),
            exponent: unsafe number(OSSL_PKEY_PARAM_RSA_E, of: key)
        )
    }

    private static func number(_ name: String, of key: OpaquePointer) -> [UInt8] {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, name, &number) == 1, let number = unsafe number else { return [] }
        defer { unsafe BN_free(number) }
        var octets = [UInt8](repeating: 0, count: (Int(unsafe BN_num_bits(number)) + 7) / 8)
        unsafe BN_bn2bin(number, &octets)
        return octets
    }
}
