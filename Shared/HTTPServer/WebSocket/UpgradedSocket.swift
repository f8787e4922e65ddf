import CMicrohttpd
import Concurrency
import Glibc
import Synchronization

/// The transport of a WebSocket, ours alone. Nonblocking.
///
/// Without TLS it is a second descriptor of the connection's socket, and libmicrohttpd forgets the connection with all
/// of its memory at once. With TLS libmicrohttpd forwards between the network and one end of a socket pair.
@safe final class UpgradedSocket: Sendable {
    let descriptor: Int32
    /// What the client sent right behind its handshake.
    let early: [UInt8]
    /// How long libmicrohttpd may take to forward the rest. It may also sleep over the end, and closes only when it is
    /// shown another one.
    static let forwardingTime = Duration.milliseconds(500)

    private let core: ServerCore
    private let connection: Connection
    // SAFETY: libmicrohttpd's, used once, in `close`.
    nonisolated(unsafe) private let forwarded: OpaquePointer?
    private let isClosed = Atomic<Bool>(false)

    /// On libmicrohttpd's thread, within its upgrade handler. Nil where no descriptor is left.
    @unsafe init?(core: ServerCore, connection: Connection, descriptor: Int32, early: [UInt8], handle: OpaquePointer) {
        self.core = core
        self.connection = connection
        self.early = early
        if core.isTLS {
            self.descriptor = descriptor
            unsafe forwarded = handle
        } else {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            unsafe cmhd_close_upgraded(handle)
            guard copy >= 0 else { return nil }
            self.descriptor = copy
            unsafe forwarded = nil
        }
        _ = fcntl(self.descriptor, F_SETFL, fcntl(self.descriptor, F_GETFL) | O_NONBLOCK)
        core.table.hold(connection.peer)
    }

    deinit { close() }

    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        core.table.release(connection.peer)
        if let forwarded = unsafe forwarded {
            unsafe cmhd_close_upgraded(forwarded)
            connection.enter(.closing, .after(Self.forwardingTime))
        } else {
            _ = Glibc.close(descriptor)
        }
    }
}
