import CPlatform
import Glibc

/// Wakes a thread that waits in `Epoll` (or poll) from any other thread.
package final class EventFD: Sendable {
    /// Readable while a signal waits. Nonblocking, closed with this object.
    package let fileDescriptor: Int32

    /// Throws when the process has no descriptors left.
    package init() throws(SystemError) {
        fileDescriptor = try SystemError.check("eventfd", cp_eventfd_create())
    }

    deinit { close(fileDescriptor) }

    /// Makes it readable; many signals are one. Async-signal-safe.
    package func signal() { cp_eventfd_signal(fileDescriptor) }

    /// Takes all signals: call it before looking at what they announced.
    package func drain() { cp_eventfd_drain(fileDescriptor) }
}
