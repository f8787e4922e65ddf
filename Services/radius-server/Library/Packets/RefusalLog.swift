import Concurrency
import Domain
import Events
import Observability
import Sockets
import Synchronization

/// Packets left without an answer, told once a second per cause and sender: as a log line, and as an event that a tail
/// shows with its remedy. A flood costs one map entry per sender; past the cap only counters tell.
final class RefusalLog: Sendable {
    enum SocketKind: String, Sendable {
        case authentication = "auth"
        case accounting = "acct"
    }

    struct Key: Hashable, Sendable {
        let reason: RefusalReason
        let addressHigh: UInt64
        let addressLow: UInt64
        let socket: SocketKind
    }

    struct Note: Sendable {
        let reason: RefusalReason
        let source: SourceAddress
        let socket: SocketKind
        let code: UInt8
        let tenant: UUID128?
        let nas: UUID128?
        let nasName: String?
        var count: Int
    }

    private let notes = Mutex<[Key: Note]>([:])
    private let untold = Atomic(0)
    private static let limit = 1_024

    func note(
        _ reason: RefusalReason,
        _ datagram: Datagram,
        nas: NASEntry?,
        tenant: UUID128? = nil,
        socket: SocketKind,
        count: Int = 1
    ) {
        let source = datagram.source
        let key = Key(reason: reason, addressHigh: source.high, addressLow: source.low, socket: socket)
        let code = unsafe datagram.bytes.first ?? 0
        notes.withLock { notes in
            if notes[key] != nil {
                notes[key]?.count += count
            } else if notes.count < Self.limit {
                notes[key] = Note(
                    reason: reason,
                    source: source,
                    socket: socket,
                    code: code,
                    tenant: tenant,
                    nas: nas?.id,
                    nasName: nas?.name,
                    count: count
                )
            }
        }
    }

    /// Packets of unknown clients that are not told one by one: there are too many of them.
    func leaveUntold(_ count: Int) { untold.wrappingAdd(count, ordering: .relaxed) }

    /// How many were left untold since the last call.
    func takeUntold() -> Int { untold.exchange(0, ordering: .relaxed) }

    /// What was noted since the last call.
    func drain() -> [Note] {
        notes.withLock { notes in
            defer { notes.removeAll(keepingCapacity: true) }
            return Array(notes.values)
        }
    }
}
