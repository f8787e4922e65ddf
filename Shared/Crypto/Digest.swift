import COpenSSL

/// One-shot digests of messages in memory.
package enum Digest {
    /// MD5 (RFC 1321), 16 octets.
    package static func md5(_ bytes: [UInt8]) -> [UInt8] {
        var state = MD5()
        state.update(bytes)
        return unsafe collect(MD5.digestLength) { unsafe state.finish(into: $0) }
    }

    /// MD5 of the parts in a row, 16 octets, without allocation.
    package static func md5(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer,
        _ third: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawPointer
    ) {
        var state = MD5()
        unsafe state.update(first)
        unsafe state.update(second)
        unsafe state.update(third)
        unsafe state.finish(into: output)
    }

    /// SHA-1 (FIPS 180-4), 20 octets.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        unsafe collect(20) { output in
            var state = SHA_CTX()
            unsafe SHA1_Init(&state)
            unsafe SHA1_Update(&state, bytes, bytes.count)
            unsafe SHA1_Final(output.assumingMemoryBound(to: UInt8.self), &state)
        }
    }

    /// SHA-256 (FIPS 180-4), 32 octets.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe collect(32) { output in
            var state = SHA256_CTX()
            unsafe SHA256_Init(&state)
            unsafe SHA256_Update(&state, bytes, bytes.count)
            unsafe SHA256_Final(output.assumingMemoryBound(to: UInt8.self), &state)
        }
    }

    /// An array of `count` octets that `fill` writes all of.
    static func collect(_ count: Int, _ fill: (UnsafeMutableRawPointer) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe fill(UnsafeMutableRawPointer(base))
            initialized = count
        }
    }
}
