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
        let nasPort: UInt32?
        let method: AuthenticationMethod
        let outcome: AccessDecision
        let wallTime: Int64
    }

    /// Decisions that were left out.
    struct Skipped: Sendable, Equatable {
        var accepts: UInt64 = 0
        var rejects: UInt64 = 0

        var total: UInt64 { accepts + rejects }

        mutating func add(_ outcome: AccessDecision) {
            if case .accept = outcome { accepts += 1 } else { rejects += 1 }
        }
    }

    private struct State {
        var waiting: [Decision] = []
        var skipped = Skipped()
    }

    /// Refused logins by tenant and minute.
    let failures: FailureWatch
    /// Attributes that replies had no room for.
    let overflows = ReplyOverflows()
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
                state.skipped.add(decision.outcome)
            }
        }
    }

    func skip(_ more: Skipped) {
        state.withLock { state in
            state.skipped.accepts += more.accepts
            state.skipped.rejects += more.rejects
        }
    }

    /// Everything gathered since the last call, and how many were left out.
    func drain() -> (decisions: [Decision], skipped: Skipped) {
        state.withLock { state in
            defer {
                state.waiting.removeAll(keepingCapacity: true)
                state.skipped = Skipped()
            }
            return (state.waiting, state.skipped)
        }
    }
}
