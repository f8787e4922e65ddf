import Concurrency
import Domain
import HTTPServer
import Identity
import Synchronization

/// Whether who began an export may go on with it: asked again every few chunks, and where the client takes them slowly every ten
/// seconds. A file may take hours; a session that was ended must not.
final class ExportStanding: Sendable {
    /// He may not, or nobody who knows can be asked: the file breaks off.
    struct Lost: Error {}

    static let chunks = 8
    static let period = Duration.seconds(10)
    /// How often in a row nobody may be found who knows.
    static let patience = 3

    private struct State {
        var sinceAsked = 0
        var askAgain = Deadline.after(ExportStanding.period)
        var failures = 0
    }

    private let began: Principal?
    private let needed: Set<Permission>
    private let ask: @Sendable () async -> LiveStanding
    private let state = Mutex(State())

    init(_ began: Principal?, needs needed: Set<Permission>, ask: @escaping @Sendable () async -> LiveStanding) {
        (self.began, self.needed, self.ask) = (began, needed, ask)
    }

    convenience init(_ request: Request, needs needed: Set<Permission>) {
        let check = request[StandingCheck.self]
        self.init(request[Caller.self]?.principal, needs: needed) { await check?.standing() ?? .unknown }
    }

    /// Returns where the next chunk may go out. Throws `Lost`.
    func hold() async throws {
        let isDue = state.withLock { state in
            state.sinceAsked += 1
            guard state.sinceAsked >= Self.chunks || state.askAgain.hasPassed else { return false }
            state.sinceAsked = 0
            state.askAgain = .after(Self.period)
            return true
        }
        guard isDue else { return }
        switch await ask() {
        case .allowed(let principal):
            // Rows are read in the scope that he had when he began.
            guard principal.reach == began?.reach, needed.isSubset(of: principal.permissions) else { throw Lost() }
            state.withLock { $0.failures = 0 }
        case .refused: throw Lost()
        case .unknown:
            let failures = state.withLock { state in
                state.failures += 1
                return state.failures
            }
            if failures >= Self.patience { throw Lost() }
        }
    }
}
