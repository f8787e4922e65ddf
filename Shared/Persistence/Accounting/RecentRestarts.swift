package import Domain
import Synchronization

/// The NAS restarts that this process saw lately: a record that was overtaken by its NAS's Accounting-On makes a row that
/// is closed from the start instead of one that waits for the reaper. Only a short cut; losing it harms nothing.
package final class RecentRestarts: Sendable {
    private let seen = Mutex<[NASRestart]>([])
    private let capacity: Int

    /// Remembers the latest `capacity` restarts.
    package init(capacity: Int = 1_000) {
        self.capacity = capacity
    }

    /// Remembers restarts once they are folded.
    package func note(_ restarts: [NASRestart]) {
        guard !restarts.isEmpty else { return }
        seen.withLock { seen in
            seen.append(contentsOf: restarts.filter { !seen.contains($0) })
            if seen.count > capacity { seen.removeFirst(seen.count - capacity) }
        }
    }

    /// Those of the given NASes.
    func known(at nases: Set<NASID>) -> [NASRestart] {
        seen.withLock { seen in seen.isEmpty ? [] : seen.filter { nases.contains($0.nasID) } }
    }
}
