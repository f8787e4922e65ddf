import Domain
import Persistence
import Synchronization

/// What Postgres said of accounts, sessions and keys a moment ago; bounded.
final class StandingCache: Sendable {
    /// What somebody proved himself by.
    enum Proof: Hashable, Sendable {
        case session(LoginSessionID)
        /// The digest of a key.
        case key([UInt8])
    }

    struct Entry: Sendable {
        let standing: UserStanding
        let key: APIKey?
        let readAt: Timestamp
    }

    private let age: Duration
    private let capacity: Int
    private let entries = Mutex<[Proof: Entry]>([:])

    init(age: Duration, capacity: Int = 20_000) {
        precondition(capacity > 0, "a cache that holds nothing")
        self.age = age
        self.capacity = capacity
    }

    /// What is known, if it is fresh enough. A clock that went back makes everything old.
    func find(_ proof: Proof, at now: Timestamp) -> Entry? {
        entries.withLock { entries in
            guard let entry = entries[proof], entry.readAt <= now, now < entry.readAt + age else { return nil }
            return entry
        }
    }

    func store(_ entry: Entry, for proof: Proof) {
        guard age > .zero else { return }
        entries.withLock { entries in
            // Everything in it is seconds old: what is lost is read again.
            if entries.count >= capacity, entries[proof] == nil { entries.removeAll(keepingCapacity: true) }
            entries[proof] = entry
        }
    }

    /// Somebody changed: what is known of him holds no more.
    func forget(_ user: UserID) {
        entries.withLock { entries in
            entries = entries.filter { $0.value.standing.user.id != user }
        }
    }
}
