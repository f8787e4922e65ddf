package import Crypto

/// The hidden User-Password (RFC 2865 §5.2).
package enum UserPassword {
    /// The most octets that the attribute holds, and the least that `decrypt` wants to write into.
    package static let maximumLength = 128

    /// Uncovers `hidden` into `output`, which must hold at least `hidden.count` octets, and returns how many of them are
    /// the password: padding is cut off, so a password that ends in NUL cannot be told. 0 means an empty password, which
    /// matches nothing; nil a value that is empty, longer than 128 octets or no multiple of 16. `output` must not overlap
    /// `hidden`. Allocates nothing.
    package static func decrypt(
        hidden: UnsafeRawBufferPointer,
        requestAuthenticator: UnsafeRawBufferPointer,
        secret: borrowing SecretContext,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let count = hidden.count
        guard count > 0, count <= maximumLength, count.isMultiple(of: 16), output.count >= count,
            requestAuthenticator.count == 16
        else { return nil }
        unsafe mask(hidden, requestAuthenticator, secret, into: output) { block in
            unsafe UnsafeRawBufferPointer(rebasing: hidden[block..<block + 16])
        }
        var length = count
        while unsafe length > 0 && output[length - 1] == 0 { length -= 1 }
        return length
    }

    /// Hides `password` as a client does: padded with NUL to a multiple of 16, at least 16 octets. Nil when it is longer
    /// than 128 octets.
    package static func encrypt(
        password: [UInt8],
        requestAuthenticator: [UInt8],
        secret: borrowing SecretContext
    ) -> [UInt8]? {
        guard password.count <= maximumLength, requestAuthenticator.count == 16 else { return nil }
        let count = max(16, (password.count + 15) / 16 * 16)
        let clear = password + [UInt8](repeating: 0, count: count - password.count)
        var hidden = [UInt8](repeating: 0, count: count)
        unsafe hidden.withUnsafeMutableBytes { hidden in
            let written = UnsafeRawBufferPointer(hidden)
            unsafe clear.withUnsafeBytes { clear in
                unsafe requestAuthenticator.withUnsafeBytes { authenticator in
                    unsafe mask(clear, authenticator, secret, into: hidden) { block in
                        unsafe UnsafeRawBufferPointer(rebasing: written[block..<block + 16])
                    }
                }
            }
        }
        return hidden
    }

    /// XORs each block of 16 with MD5(secret + the hidden block before it), the first with the authenticator's.
    /// `hiddenBlock` gives the hidden form of the block just done, which is the input or the output.
    private static func mask(
        _ input: UnsafeRawBufferPointer,
        _ authenticator: UnsafeRawBufferPointer,
        _ secret: borrowing SecretContext,
        into output: UnsafeMutableRawBufferPointer,
        hiddenBlock: (Int) -> UnsafeRawBufferPointer
    ) {
        var mask = InlineArray<16, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &mask) { mask in
            guard let base = mask.baseAddress else { return }
            var previous = unsafe authenticator
            for block in stride(from: 0, to: input.count, by: 16) {
                unsafe secret.md5WithSecretPrepended(previous, into: base)
                for index in 0..<16 {
                    unsafe output[block + index] = input[block + index] ^ mask[index]
                }
                unsafe previous = hiddenBlock(block)
            }
        }
    }
}
