import Admission
import Domain
import Synchronization

/// What NASes reported lately, and who was told to leave. No replica is waited for with a report, so a new primary of Redis may lack the last of them and
/// is told again. Bounded; safe from any thread.
final class RecentReports: Sendable {
    private struct State {
        var reports: [(report: SessionReport, at: UInt64)] = []
        var start = 0
    }

    private let capacity: Int
    /// For how long a report is remembered, in nanoseconds: a failover, and what its new primary may lack.
    private let memory: UInt64
    private let state = Mutex(State())
    private let told = Atomic<Int>(0)

    init(capacity: Int = 65_536, memory: UInt64 = 30_000_000_000) {
        self.capacity = capacity
        self.memory = memory
    }

    /// `now` in monotonic nanoseconds. What does not name its grant is not remembered: told again it would be taken for what its
    /// device has by then.
    func note(_ report: SessionReport, now: UInt64) {
        guard report.admission != .zero else { return }
        state.withLock { state in
            if state.reports.count < capacity {
                state.reports.append((report, now))
            } else {
                state.reports[state.start] = (report, now)
                state.start = (state.start + 1) % capacity
            }
        }
    }

    /// Those of some kinds that are remembered at `now`, oldest first.
    func remembered(_ kinds: Set<SessionReport.Kind>, now: UInt64) -> [SessionReport] {
        state.withLock { state in
            let inOrder = [state.reports[state.start...], state.reports[..<state.start]].joined()
            return inOrder.compactMap { entry in
                guard now &- entry.at < memory, kinds.contains(entry.report.kind) else { return nil }
                var report = entry.report
                report.isAgain = report.kind != .ended
                return report
            }
        }
    }

    /// How often another memory of Redis was told what this server granted: what is remembered here is to be told after it,
    /// since a report of a grant that Redis does not know says little.
    var tellings: Int { told.load(ordering: .acquiring) }

    /// A thread has told another memory what it granted.
    func grantsWereTold() { told.add(1, ordering: .releasing) }
}
