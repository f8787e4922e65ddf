import Concurrency
import Persistence
import Synchronization

/// Which routers are spoken to now, and which are left alone for a while because they were away.
final class RouterRoster: Sendable {
    private struct Pause: Sendable {
        var until: Deadline
        var waits: Backoff
        /// Why it is left alone.
        var word: String
    }

    private struct State: Sendable {
        var busy: Set<RouterRef> = []
        var paused: [RouterRef: Pause] = [:]
    }

    private let most: Int
    private let waits: Backoff
    private let state = Mutex(State())

    /// At most so many routers at a time.
    init(most: Int, waits: Backoff) {
        self.most = most
        self.waits = waits
    }

    /// How many are away.
    var away: Int { state.withLock { $0.paused.count } }

    /// Whether somebody may begin to speak to a router: nobody else does, its pause is over, and there is room.
    func take(_ router: RouterRef) -> Bool {
        state.withLock { state in
            guard state.busy.count < most, state.paused[router].map({ $0.until.hasPassed }) != false else {
                return false
            }
            return state.busy.insert(router).inserted
        }
    }

    func release(_ router: RouterRef) {
        state.withLock { _ = $0.busy.remove(router) }
    }

    /// The router is away: it is left alone for a while, each time for longer. Returns the word that says why: a router that is only left
    /// alone is so for what it was before.
    func pause(_ router: RouterRef, because word: String) -> String {
        state.withLock { state in
            var pause = state.paused[router] ?? Pause(until: .after(.zero), waits: waits, word: word)
            pause.until = .after(pause.waits.next())
            if word != "resting" { pause.word = word }
            state.paused[router] = pause
            return pause.word
        }
    }

    /// The router answers.
    func resume(_ router: RouterRef) {
        state.withLock { _ = $0.paused.removeValue(forKey: router) }
    }
}
