import Domain
import Events
import Synchronization

/// Ascending ids for the events of one commit, from the database's clock, read while the sessions' locks were held: of
/// two commits on one session the later has the greater ids.
struct EventIDs {
    private var time: Timestamp
    private let random: @Sendable () -> UInt64

    init(from time: Timestamp, random: @escaping @Sendable () -> UInt64) {
        self.time = time
        self.random = random
    }

    /// The same from that instant on, where it has not come to it by itself.
    mutating func next(notBefore now: Timestamp) -> (id: EventID, time: Timestamp) {
        time = max(time, now)
        return next()
    }

    /// The id and the instant it was made from.
    mutating func next() -> (id: EventID, time: Timestamp) {
        defer { time = time.adding(microseconds: 1) }
        return (EventID(UUID128.v7(at: time, random: (random(), random()))), time)
    }
}

/// The same for a commit that is written in steps, of an injected generator: each id is drawn from its clock when its step has its
/// aggregate's lock, and is greater than those before it also where the clock stands still.
final class CommitIDs: Sendable {
    private let time: TimeSource
    private let ids: Mutex<EventIDs>

    init(_ generator: IDGenerator) {
        time = generator.time
        ids = Mutex(EventIDs(from: generator.time.now()) { generator.random().1 })
    }

    func next() -> EventID { ids.withLock { $0.next(notBefore: time.now()).id } }
}
