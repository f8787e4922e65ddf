import Concurrency
import Domain
import Persistence
import Synchronization

/// Orders on their way through this process: each once at a time, from being handed over until what became of it is stored.
final class OrderQueue: Sendable {
    private let waiting: BoundedQueue<EnforcementRef>
    private let present = Mutex<Set<EnforcementRef>>([])

    init(capacity: Int) {
        waiting = BoundedQueue(capacity: capacity)
    }

    /// Hands orders over; those that are here already are passed over. Those that find no room come again when they are looked
    /// for.
    func offer(_ refs: [EnforcementRef]) {
        for ref in refs {
            guard present.withLock({ $0.insert(ref).inserted }) else { continue }
            if !waiting.offer(ref) { release(ref) }
        }
    }

    /// Up to `maximum` orders, as soon as there is one; none once the queue is finished.
    func next(maximum: Int) async -> [EnforcementRef] { await waiting.nextBatch(maximum: maximum) }

    /// What became of it is stored.
    func release(_ ref: EnforcementRef) { _ = present.withLock { $0.remove(ref) } }

    /// How many there are.
    var count: Int { present.withLock { $0.count } }

    func finish() { waiting.finish() }
}

/// How many changes are with each NAS, or wait for its turn: those of a large NAS whose plan's hours begin must not take every place.
final class ChangesUnderWay: Sendable {
    private let counts = Mutex<[NASID: Int]>([:])
    private let most: Int

    init(most: Int) { self.most = most }

    func has(room nas: NASID) -> Bool { counts.withLock { $0[nas, default: 0] < most } }

    func began(_ nas: NASID) { counts.withLock { $0[nas, default: 0] += 1 } }

    func ended(_ nas: NASID) {
        counts.withLock { counts in
            let left = counts[nas, default: 1] - 1
            counts[nas] = left > 0 ? left : nil
        }
    }
}
