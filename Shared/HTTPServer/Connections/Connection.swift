import Concurrency
import Glibc
import Synchronization

/// One connection of libmicrohttpd's, from its start to just before its descriptor is closed.
final class Connection: Sendable {
    /// What the client has to do next, and by when.
    enum Phase: Sendable {
        /// Send a request's head.
        case head
        /// Send the rest of a body.
        case body
        /// Send another request, or nothing.
        case idle
        /// Wait for us, or take an answer.
        case ours
        /// Nothing more: what is left of a WebSocket over TLS goes out.
        case closing
    }

    struct State: Sendable {
        var phase = Phase.head
        var deadline: Deadline
        var exchange: Exchange?
    }

    let descriptor: Int32
    let peer: IPAddress
    private let state: Mutex<State>

    init(descriptor: Int32, peer: IPAddress, deadline: Deadline) {
        self.descriptor = descriptor
        self.peer = peer
        state = Mutex(State(deadline: deadline))
    }

    func enter(_ phase: Phase, _ deadline: Deadline = .never) {
        state.withLock { state in
            state.phase = phase
            state.deadline = deadline
        }
    }

    func begin(_ exchange: Exchange, headWithin time: Duration) {
        state.withLock { state in
            state.exchange = exchange
            // A new connection's time runs since it came.
            if state.phase == .idle { state.deadline = .after(time) }
            state.phase = .head
        }
    }

    func end(idleFor time: Duration) {
        state.withLock { $0 = State(phase: .idle, deadline: .after(time)) }
    }

    var snapshot: State { state.withLock { $0 } }
}

/// All connections of a server, and how many each source of them has.
final class ConnectionTable: Sendable {
    private let state = Mutex(State())

    private struct State {
        var connections: [Int32: Connection] = [:]
        var perSource: [IPAddress: Int] = [:]
    }

    var count: Int { state.withLock { $0.connections.count } }
    var all: [Connection] { state.withLock { Array($0.connections.values) } }

    func count(from address: IPAddress) -> Int { state.withLock { $0.perSource[address.source] ?? 0 } }

    /// Counts a connection from that address, with all of its source, until `release`.
    func hold(_ address: IPAddress) { state.withLock { $0.perSource[address.source, default: 0] += 1 } }

    func release(_ address: IPAddress) {
        state.withLock { state in
            guard let count = state.perSource[address.source] else { return }
            state.perSource[address.source] = count > 1 ? count - 1 : nil
        }
    }

    func add(_ connection: Connection) { state.withLock { $0.connections[connection.descriptor] = connection } }

    /// Must come before the descriptor is closed.
    func remove(_ connection: Connection) { state.withLock { $0.connections[connection.descriptor] = nil } }

    /// Ends a connection's transport, which libmicrohttpd then notices; nothing where it is gone already. `last` goes
    /// out before, as far as the kernel takes it at once: libmicrohttpd cannot answer before it has read a request.
    func shut(_ connection: Connection, saying last: [UInt8] = []) {
        // With the lock held the descriptor cannot be closed, and so cannot be another connection's.
        state.withLock { state in
            guard state.connections[connection.descriptor] === connection else { return }
            if !last.isEmpty {
                let flags = Int32(Int(MSG_DONTWAIT) | Int(MSG_NOSIGNAL))
                _ = unsafe last.withUnsafeBytes { unsafe send(connection.descriptor, $0.baseAddress, $0.count, flags) }
            }
            _ = Glibc.shutdown(connection.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// A second descriptor of the connection's socket; nil where it is gone already, or none is left.
    func duplicate(_ connection: Connection) -> Int32? {
        state.withLock { state in
            guard state.connections[connection.descriptor] === connection else { return nil }
            let copy = fcntl(connection.descriptor, F_DUPFD_CLOEXEC, 0)
            return copy >= 0 ? copy : nil
        }
    }
}
