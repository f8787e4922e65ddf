/// One-shot message authentication codes (RFC 2104) under keys of any length.
package enum HMAC {
    /// HMAC-SHA-1, 20 octets: for RFC 6238, which knows nothing else that every application has.
    package static func sha1(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        compute(message, key: key, block: 64, Digest.sha1)
    }

    /// HMAC-SHA-256, 32 octets.
    package static func sha256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        compute(message, key: key, block: 64, Digest.sha256)
    }

    private static func compute(
        _ message: [UInt8],
        key: [UInt8],
        block: Int,
        _ digest: ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        let short = key.count > block ? digest(key) : key
        let padded = short + [UInt8](repeating: 0, count: block - short.count)
        return digest(padded.map { $0 ^ 0x5C } + digest(padded.map { $0 ^ 0x36 } + message))
    }
}
