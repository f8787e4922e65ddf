/// A running HMAC-MD5 (RFC 2104) begun from a `SecretContext`: takes a packet in as many pieces as suits the caller,
/// so that a field can be replaced by zeros without a copy of the packet. Nothing is allocated.
package struct HMACMD5 {
    private var inner: MD5
    private var outer: MD5

    init(inner: MD5, outer: MD5) {
        self.inner = inner
        self.outer = outer
    }

    /// Takes in the next piece of the message.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe inner.update(bytes)
    }

    /// Writes the 16 octets of the code to `output`; the state is spent.
    package mutating func finish(into output: UnsafeMutableRawPointer) {
        unsafe inner.finish(into: output)
        unsafe outer.update(UnsafeRawBufferPointer(start: output, count: MD5.digestLength))
        unsafe outer.finish(into: output)
    }
}
