import Glibc

/// Unpredictable octets from the kernel's generator.
package enum Randomness {
    /// That many octets, fit for keys, nonces and authenticators. Cannot fail: the C library stops the process if the
    /// kernel offers no randomness at all.
    package static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return unsafe Digest.collect(count) { unsafe arc4random_buf($0, count) }
    }

    /// A password that people can read out and type: letters and digits of which none looks like another, 5.8 bits each.
    package static func password(length: Int) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)
        let usable = 256 - 256 % alphabet.count
        var text: [UInt8] = []
        while text.count < length {
            for byte in bytes(length) where Int(byte) < usable && text.count < length {
                text.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
