import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 12-octet nonces and 16-octet tags.
enum AESGCM {
    static let keyLength = 32
    static let nonceLength = 12
    static let tagLength = 16

    /// The cipher text, then the tag. A nonce must never be used twice with one key.
    static func seal(_ clear: [UInt8], key: [UInt8], nonce: [UInt8], data: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard key.count == keyLength, nonce.count == nonceLength else { throw .wrongLength("AES-256-GCM") }
        let cipher = try cipher.get()
        var output = [UInt8](repeating: 0, count: clear.count + tagLength)
        let succeeded = unsafe withContext { context in
            unsafe output.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                var written: Int32 = 0
                return unsafe EVP_EncryptInit_ex2(context, cipher.algorithm, key, nonce, nil) == 1
                    && EVP_EncryptUpdate(context, nil, &written, data, Int32(data.count)) == 1
                    && EVP_EncryptUpdate(context, base, &written, clear, Int32(clear.count)) == 1
                    && EVP_EncryptFinal_ex(context, base + clear.count, &written) == 1
                    && EVP_CIPHER_CTX_ctrl(
                        context,
                        EVP_CTRL_AEAD_GET_TAG,
                        Int32(tagLength),
                        base + clear.count
                    ) == 1
            }
        }
        guard succeeded else { throw .operationFailed("AES-256-GCM") }
        return output
    }

    /// The clear text, or nil when the tag does not fit: wrong key, nonce or data, or changed octets.
    static func open(
        _ sealed: ArraySlice<UInt8>,
        key: [UInt8],
        nonce: [UInt8],
        data: [UInt8]
    ) throws(CryptoError) -> [UInt8]? {
        guard key.count == keyLength, nonce.count == nonceLength, sealed.count >= tagLength else {
            throw .wrongLength("AES-256-GCM")
        }
        let cipher = try cipher.get()
        let text = Array(sealed.dropLast(tagLength))
        var tag = Array(sealed.suffix(tagLength))
        // One octet more than needed, so that an empty text has an address too.
        var output = [UInt8](repeating: 0, count: text.count + 1)
        let opened = unsafe withContext { context in
            unsafe output.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                var written: Int32 = 0
                return unsafe EVP_DecryptInit_ex2(context, cipher.algorithm, key, nonce, nil) == 1
                    && EVP_DecryptUpdate(context, nil, &written, data, Int32(data.count)) == 1
                    && EVP_DecryptUpdate(context, base, &written, text, Int32(text.count)) == 1
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
                    && EVP_DecryptFinal_ex(context, base + text.count, &written) == 1
            }
        }
        guard opened else {
            ERR_clear_error()
            return nil
        }
        output.removeLast()
        return output
    }

    private static let cipher: Result<Cipher, CryptoError> = {
        guard let algorithm = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            return .failure(.algorithmUnavailable("AES-256-GCM"))
        }
        return .success(unsafe Cipher(algorithm: algorithm))
    }()

    /// The fetched algorithm, which lives as long as the process.
    ///
    /// SAFETY: a fetched algorithm is immutable and reference counted; OpenSSL allows its use from any thread.
    @safe
    private struct Cipher: @unchecked Sendable {
        let algorithm: OpaquePointer
    }

    /// False also when no context can be had.
    private static func withContext(_ body: (OpaquePointer) -> Bool) -> Bool {
        guard let context = unsafe EVP_CIPHER_CTX_new() else { return false }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        return unsafe body(context)
    }
}
