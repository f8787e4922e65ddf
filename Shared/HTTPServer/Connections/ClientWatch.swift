import Glibc

/// A second descriptor of a connection on which libmicrohttpd is suspended: the loop hears there that the client closed
/// its side, though nothing is written.
final class ClientWatch: Sendable {
    let descriptor: Int32
    let onGone: @Sendable () -> Void
    /// The loop's name for it.
    let token = LoopToken()

    /// Owns the descriptor.
    init(descriptor: Int32, onGone: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.onGone = onGone
    }

    deinit { close(descriptor) }
}

/// A number that one thread alone reads and writes.
final class LoopToken: @unchecked Sendable {
    // SAFETY: only the server's loop thread touches it.
    var value: UInt64 = 0
}
