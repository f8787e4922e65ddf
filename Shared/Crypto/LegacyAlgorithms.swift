import COpenSSL

/// MD4 and DES, which only MS-CHAP needs. OpenSSL 3 keeps them in its `legacy` provider. That is loaded beside
/// `default` into a library context of our own: loaded alone into the global one it would switch `default` off for the
/// whole process.
package enum LegacyAlgorithms {
    /// Throws, naming the algorithm, unless MD4 and DES can be used; for start-up checks.
    package static func check() throws(CryptoError) {
        _ = try loaded.get()
    }

    static let loaded: Result<Loaded, CryptoError> = {
        guard let context = unsafe OSSL_LIB_CTX_new() else { return .failure(.operationFailed("OSSL_LIB_CTX_new")) }
        guard unsafe OSSL_PROVIDER_load(context, "legacy") != nil else {
            return .failure(.algorithmUnavailable("legacy provider (MD4, DES)"))
        }
        guard unsafe OSSL_PROVIDER_load(context, "default") != nil else {
            return .failure(.algorithmUnavailable("default provider"))
        }
        guard let md4 = unsafe EVP_MD_fetch(context, "MD4", nil) else { return .failure(.algorithmUnavailable("MD4")) }
        guard let des = unsafe EVP_CIPHER_fetch(context, "DES-ECB", nil) else {
            return .failure(.algorithmUnavailable("DES-ECB"))
        }
        return .success(unsafe Loaded(md4: md4, des: des))
    }()

    /// The fetched algorithms. They live as long as the process.
    ///
    /// SAFETY: fetched algorithms are immutable and reference counted; OpenSSL allows their use from any thread.
    @safe
    struct Loaded: @unchecked Sendable {
        let md4: OpaquePointer
        let des: OpaquePointer
    }
}

extension Digest {
    /// MD4 (RFC 1320), 16 octets; only for MS-CHAP.
    package static func md4(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        let algorithms = try LegacyAlgorithms.loaded.get()
        var digest = [UInt8](repeating: 0, count: 16)
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, nil, algorithms.md4, nil) == 1 else {
            throw .operationFailed("MD4")
        }
        return digest
    }
}

/// Single DES without chaining; only for MS-CHAP.
package enum DES {
    /// Encrypts the 8 octets of `block` once under each of the 7-octet keys and returns the results in a row. The parity
    /// bits that DES wants in its keys are put in here (RFC 2433 App A.3).
    package static func encrypt(block: [UInt8], keys: [ArraySlice<UInt8>]) throws(CryptoError) -> [UInt8] {
        let algorithms = try LegacyAlgorithms.loaded.get()
        guard block.count == 8, keys.allSatisfy({ $0.count == 7 }) else { throw .wrongLength("DES") }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .operationFailed("EVP_CIPHER_CTX_new") }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: 8 * keys.count)
        for (index, key) in keys.enumerated() {
            var written: Int32 = 0
            let expanded = expandedKey(key)
            guard unsafe EVP_EncryptInit_ex2(context, algorithms.des, expanded, nil, nil) == 1,
                unsafe EVP_CIPHER_CTX_set_padding(context, 0) == 1
            else { throw .operationFailed("DES") }
            let succeeded = unsafe output.withUnsafeMutableBufferPointer { output in
                guard let base = output.baseAddress else { return false }
                return unsafe EVP_EncryptUpdate(context, base + 8 * index, &written, block, 8) == 1
            }
            guard succeeded, written == 8 else { throw .operationFailed("DES") }
        }
        return output
    }

    /// Spreads 56 bits over 8 octets and sets the lowest bit of each so that its parity is odd.
    package static func expandedKey(_ key: ArraySlice<UInt8>) -> [UInt8] {
        var bits: UInt64 = 0
        for byte in key.prefix(7) { bits = bits << 8 | UInt64(byte) }
        return (0..<8).map { index in
            let seven = UInt8(truncatingIfNeeded: bits >> UInt64(49 - 7 * index)) << 1
            return seven.nonzeroBitCount.isMultiple(of: 2) ? seven | 1 : seven
        }
    }
}
