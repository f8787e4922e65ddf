import CPlatform
import Glibc

/// Level-triggered readiness of many descriptors, for one thread.
package final class Epoll {
    /// What to wait for on a descriptor.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Interest(rawValue: 1)
        package static let writable = Interest(rawValue: 2)
        /// The peer closed its side: for descriptors that somebody else reads.
        package static let peerClosed = Interest(rawValue: 4)
    }

    /// What happened on a descriptor.
    package struct Event: Sendable, Equatable {
        /// The token that the descriptor was added with.
        package let token: UInt64
        fileprivate let flags: UInt32
        package var isReadable: Bool { flags & 1 != 0 }
        package var isWritable: Bool { flags & 2 != 0 }
        /// An error or a hang-up: reading tells which. Reported whatever the interest.
        package var isBroken: Bool { flags & 4 != 0 }
        /// The peer closed its side, where that was asked for.
        package var isPeerClosed: Bool { flags & 8 != 0 }
    }

    private static let batch = 64
    private let descriptor: Int32
    private var tokens = [UInt64](repeating: 0, count: batch)
    private var flags = [UInt32](repeating: 0, count: batch)

    /// Throws when the process has no descriptors left.
    package init() throws(SystemError) {
        descriptor = try SystemError.check("epoll_create1", cp_epoll_create())
    }

    deinit { close(descriptor) }

    /// Watches `fileDescriptor`; `token` comes back with its events.
    package func add(_ fileDescriptor: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try SystemError.check("epoll_ctl", cp_epoll_control(descriptor, 1, fileDescriptor, interest.rawValue, token))
    }

    /// Changes what is watched for.
    package func modify(_ fileDescriptor: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try SystemError.check("epoll_ctl", cp_epoll_control(descriptor, 2, fileDescriptor, interest.rawValue, token))
    }

    /// Forgets `fileDescriptor`: call it before closing it.
    package func remove(_ fileDescriptor: Int32) throws(SystemError) {
        try SystemError.check("epoll_ctl", cp_epoll_control(descriptor, 3, fileDescriptor, 0, 0))
    }

    /// Blocks until something happens or `deadline`, then hands each event (at most 64) to `body`.
    /// A signal handler's interruption returns early with no events.
    package func wait(until deadline: Deadline = .never, _ body: (Event) throws -> Void) throws {
        let count = unsafe cp_epoll_wait(descriptor, &tokens, &flags, Int32(Self.batch), deadline.pollTimeout)
        for index in 0..<Int(try SystemError.check("epoll_wait", count)) {
            try body(Event(token: tokens[index], flags: flags[index]))
        }
    }
}
