import Glibc

/// Unpredictable octets from the kernel's generator.
package enum Randomness {
    /// That many octets, fit for keys, nonces and authenticators. Cannot fail: the C library stops the process if the
    /// kernel offers no randomness at all.
    package static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return unsafe Digest.collect(count) { unsafe arc4random_buf($0, count) }
    }
}
