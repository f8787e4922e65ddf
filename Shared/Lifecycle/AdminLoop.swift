import CPlatform
import Concurrency
import Glibc

/// The loop of the admin thread: one epoll over the listener and at most 64 clients.
final class AdminLoop {
    private static let listenerToken = UInt64.max
    private static let wakeToken = UInt64.max - 1
    static let maximumConnections = 64

    private let listener: Int32
    private let answer: (String) -> AdminResponse
    private let epoll: Epoll
    private var connections: [Int32: AdminConnection] = [:]
    private var acceptsAgain: Deadline?

    /// Serves `listener` (nonblocking, still owned by the caller) until `wake` is signalled.
    init(listener: Int32, wake: EventFD, answer: @escaping (String) -> AdminResponse) throws {
        self.listener = listener
        self.answer = answer
        epoll = try Epoll()
        try epoll.add(listener, .readable, token: Self.listenerToken)
        try epoll.add(wake.fileDescriptor, .readable, token: Self.wakeToken)
    }

    /// Returns when woken.
    func run() throws {
        var isStopping = false
        while !isStopping {
            try epoll.wait(until: nextDeadline) { event in
                switch event.token {
                case Self.wakeToken: isStopping = true
                case Self.listenerToken: accept()
                default: serve(Int32(truncatingIfNeeded: event.token), event)
                }
            }
            expire()
        }
    }

    private var nextDeadline: Deadline {
        connections.values.map(\.deadline).min().map { min($0, acceptsAgain ?? .never) } ?? acceptsAgain ?? .never
    }

    private func accept() {
        while true {
            let descriptor = cp_accept(listener)
            guard descriptor >= 0 else {
                if -descriptor == EMFILE || -descriptor == ENFILE { pauseAccepting() }
                if -descriptor == ECONNABORTED || -descriptor == EINTR { continue }
                return
            }
            if connections.count >= Self.maximumConnections { evictOldest() }
            let connection = AdminConnection(descriptor: descriptor, answer: answer)
            do {
                try epoll.add(descriptor, .readable, token: UInt64(descriptor))
                connections[descriptor] = connection
            } catch {
                // Not watched, so it goes; its descriptor is closed with it.
                return
            }
        }
    }

    private func serve(_ descriptor: Int32, _ event: Epoll.Event) {
        guard let connection = connections[descriptor] else { return }
        var next = AdminConnection.Next.close
        if event.isReadable {
            next = connection.readable()
        } else if event.isWritable {
            next = connection.writable()
        }
        do {
            switch next {
            case .read: try epoll.modify(descriptor, .readable, token: UInt64(descriptor))
            case .write: try epoll.modify(descriptor, .writable, token: UInt64(descriptor))
            case .close: drop(descriptor)
            }
        } catch {
            drop(descriptor)
        }
    }

    /// Slow and idle clients make room for the newest, so that they cannot keep a health check out.
    private func evictOldest() {
        guard let oldest = connections.values.min(by: { $0.deadline < $1.deadline }) else { return }
        drop(oldest.descriptor)
    }

    /// Without descriptors left the listener would stay readable and the loop would spin.
    private func pauseAccepting() {
        try? epoll.remove(listener)
        acceptsAgain = .after(.milliseconds(200))
    }

    private func expire() {
        for connection in connections.values where connection.deadline.hasPassed { drop(connection.descriptor) }
        if let due = acceptsAgain, due.hasPassed {
            acceptsAgain = nil
            try? epoll.add(listener, .readable, token: Self.listenerToken)
        }
    }

    private func drop(_ descriptor: Int32) {
        try? epoll.remove(descriptor)
        connections[descriptor] = nil
    }
}
