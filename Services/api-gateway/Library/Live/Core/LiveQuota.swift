import Domain
import Synchronization

/// How many tails each user holds open here. A seat is given back when nobody holds it any more.
final class LiveQuota: Sendable {
    private struct State {
        var seats: [UserID: Int] = [:]
        var taken = 0
    }

    /// Of one user, over all of his sessions and keys.
    let perUser: Int
    private let state = Mutex(State())

    init(perUser: Int) { self.perUser = perUser }

    /// How many tails are open, of everybody.
    var taken: Int { state.withLock { $0.taken } }

    /// A seat; nil where the user holds as many as he may.
    func seat(for user: UserID) -> LiveSeat? {
        let isFree = state.withLock { state in
            guard state.seats[user, default: 0] < perUser else { return false }
            state.seats[user, default: 0] += 1
            state.taken += 1
            return true
        }
        return isFree ? LiveSeat(quota: self, user: user) : nil
    }

    fileprivate func leave(_ user: UserID) {
        state.withLock { state in
            state.taken -= 1
            let left = state.seats[user, default: 1] - 1
            state.seats[user] = left == 0 ? nil : left
        }
    }
}

/// One open tail of a user; it ends with the last reference to it, also where the client went before the tail began.
final class LiveSeat: Sendable {
    private let quota: LiveQuota
    private let user: UserID

    fileprivate init(quota: LiveQuota, user: UserID) {
        self.quota = quota
        self.user = user
    }

    deinit { quota.leave(user) }
}
