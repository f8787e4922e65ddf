import Domain
import Events
import Synchronization

/// Decisions on their way to the event stream, for engineers who watch logins happen. A sample: at most so many a
/// second per thread, half of them kept for rejects; what is left out is counted and told. Never holds up an answer.
final class DecisionFeed: Sendable {
    struct Decision: Sendable {
        let tenant: UUID128
        let nas: UUID128
        let nasName: String
        let service: UUID128?
        let admission: UUID128?
        let username: String
        let callingStationID: String
        let method: AuthenticationMethod
        let outcome: AccessDecision
        let wallTime: Int64
    }

    private struct State {
        var waiting: [Decision] = []
        var skipped: UInt64 = 0
    }

    /// Refused logins by tenant and minute.
    let failures: FailureWatch
    /// What admission asks others to do.
    let intents = AdmissionIntents()
    private let state = Mutex(State())
    private static let capacity = 8_192

    init(failures: FailureWatch = FailureWatch()) { self.failures = failures }

    func offer(_ decision: Decision) {
        state.withLock { state in
            if state.waiting.count < Self.capacity {
                state.waiting.append(decision)
            } else {
                state.skipped += 1
            }
        }
    }

    func skip(_ count: UInt64) { state.withLock { $0.skipped += count } }

    /// Everything gathered since the last call, and how many were left out.
    func drain() -> (decisions: [Decision], skipped: UInt64) {
        state.withLock { state in
            defer {
                state.waiting.removeAll(keepingCapacity: true)
                state.skipped = 0
            }
            return (state.waiting, state.skipped)
        }
    }
}
