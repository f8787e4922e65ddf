import COpenSSL

/// A running MD5 (RFC 1321). A plain value: copying it copies the state, and nothing is allocated.
///
/// OpenSSL's MD5_CTX is used directly rather than through EVP: a context that already holds a secret can then be kept
/// and copied for each packet, which makes an HMAC 1.6 times as fast as the quickest EVP way.
package struct MD5 {
    /// The length of a digest in octets.
    package static let digestLength = 16

    private var state = MD5_CTX()

    /// The MD5 of nothing so far.
    package init() {
        // SAFETY: MD5_Init writes inside the structure it is given and cannot fail.
        unsafe MD5_Init(&state)
    }

    /// Takes in `bytes`, which are read and not kept.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe MD5_Update(&state, bytes.baseAddress, bytes.count)
    }

    /// Takes in `bytes`.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Writes the 16 octets of the digest to `output`; the state is spent.
    package mutating func finish(into output: UnsafeMutableRawPointer) {
        unsafe MD5_Final(output.assumingMemoryBound(to: UInt8.self), &state)
    }
}
