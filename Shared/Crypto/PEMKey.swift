import COpenSSL

/// Private keys as text (RFC 7468).
enum PEMKey {
    /// The key of an unencrypted PEM text, for the caller to free. Throws where there is none.
    static func read(_ pem: String) throws(CryptoError) -> OpaquePointer {
        let octets = Array(pem.utf8)
        let read: OpaquePointer? = unsafe octets.withUnsafeBytes { octets in
            let source = unsafe BIO_new_mem_buf(octets.baseAddress, Int32(octets.count))
            defer { unsafe BIO_free(source) }
            // Without a callback OpenSSL would ask a terminal for the password of an encrypted key.
            return unsafe PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let read = unsafe read else {
            ERR_clear_error()
            throw .operationFailed("PEM")
        }
        return unsafe read
    }
}
