import Domain
import Persistence
import Synchronization

/// What Postgres said of accounts, sessions and keys a moment ago; bounded. What many ask for at the same time is read once.
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

    /// A look that others wait for.
    private struct Look {
        let number: UInt64
        var waiting: [CheckedContinuation<Entry?, Never>] = []
    }

    private struct State {
        var entries: [Proof: Entry] = [:]
        var looks: [Proof: Look] = [:]
        /// Of the last look.
        var number: UInt64 = 0
        /// Those whose result was asked for before somebody changed: nobody joins them any more.
        var overtaken: [UInt64: [CheckedContinuation<Entry?, Never>]] = [:]
    }

    private enum Turn {
        case known(Entry)
        case look(UInt64)
        case wait
    }

    private let age: Duration
    private let capacity: Int
    private let state = Mutex(State())

    init(age: Duration, capacity: Int = 20_000) {
        precondition(capacity > 0, "a cache that holds nothing")
        self.age = age
        self.capacity = capacity
    }

    /// What is known, if it is fresh enough (a clock that went back makes everything old); else what `read` finds. Whoever asks for the
    /// same meanwhile gets that too; where it throws, he reads by himself, for another address may be let in.
    func entry(_ proof: Proof, at now: Timestamp, _ read: () async throws -> Entry) async throws -> Entry {
        guard age > .zero else { return try await read() }
        switch state.withLock({ turn(proof, now, &$0) }) {
        case .known(let entry): return entry
        case .look(let number):
            do {
                let entry = try await read()
                end(number, proof, entry)
                return entry
            } catch {
                end(number, proof, nil)
                throw error
            }
        case .wait:
            let entry = await withCheckedContinuation { join(proof, $0) }
            if let entry { return entry }
            return try await read()
        }
    }

    private func turn(_ proof: Proof, _ now: Timestamp, _ state: inout State) -> Turn {
        if let entry = state.entries[proof], entry.readAt <= now, now < entry.readAt + age { return .known(entry) }
        guard state.looks[proof] == nil else { return .wait }
        state.number += 1
        state.looks[proof] = Look(number: state.number)
        return .look(state.number)
    }

    /// Waits for the look that is under way, where there still is one.
    private func join(_ proof: Proof, _ waiting: CheckedContinuation<Entry?, Never>) {
        let isOver = state.withLock { state in
            state.looks[proof]?.waiting.append(waiting)
            return state.looks[proof] == nil
        }
        if isOver { waiting.resume(returning: nil) }
    }

    /// Keeps what a look found, unless somebody changed meanwhile, and tells those who wait for it.
    private func end(_ number: UInt64, _ proof: Proof, _ entry: Entry?) {
        let waiting = state.withLock { state in
            if let overtaken = state.overtaken.removeValue(forKey: number) { return overtaken }
            if let entry {
                // Everything in it is seconds old: what is lost is read again.
                if state.entries.count >= capacity, state.entries[proof] == nil {
                    state.entries.removeAll(keepingCapacity: true)
                }
                state.entries[proof] = entry
            }
            return state.looks.removeValue(forKey: proof)?.waiting ?? []
        }
        for one in waiting { one.resume(returning: entry) }
    }

    /// How many wait for a look that is under way.
    func waiting(_ proof: Proof) -> Int { state.withLock { $0.looks[proof]?.waiting.count ?? 0 } }

    /// Somebody changed: what is known of him holds no more, nor what is being read.
    func forget(_ user: UserID) {
        state.withLock { state in
            state.entries = state.entries.filter { $0.value.standing.user.id != user }
            for look in state.looks.values { state.overtaken[look.number] = look.waiting }
            state.looks.removeAll()
        }
    }
}
