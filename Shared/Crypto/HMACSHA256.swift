/// HMAC-SHA256 (RFC 2104) under one key, whose padded blocks are made once.
package struct HMACSHA256: Sendable {
    private let inner: [UInt8]
    private let outer: [UInt8]

    /// Any number of octets; those beyond a block of 64 count by their digest.
    package init(key: [UInt8]) {
        let short = key.count > 64 ? Digest.sha256(key) : key
        let block = short + [UInt8](repeating: 0, count: 64 - short.count)
        inner = block.map { $0 ^ 0x36 }
        outer = block.map { $0 ^ 0x5c }
    }

    /// 32 octets.
    package func tag(_ message: [UInt8]) -> [UInt8] {
        Digest.sha256(outer + Digest.sha256(inner + message))
    }
}
