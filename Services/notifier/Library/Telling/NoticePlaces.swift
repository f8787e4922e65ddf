import Domain
import Persistence
import Synchronization

/// Who has the places in which notices are with providers. A provider that is slow holds up those who use it: some places are left for
/// what somebody waits for, whatever campaigns and alarms are under way, and no tenant has more than half of them.
final class NoticePlaces: Sendable {
    private struct State {
        var taken = 0
        var tenants: [TenantID: Int] = [:]
    }

    private let count: Int
    private let state = Mutex(State())

    init(_ count: Int) { self.count = count }

    /// What may be claimed now. An eighth of the places is for codes and links alone, a quarter for what concerns one person.
    var share: NoticeShare {
        state.withLock { state in
            let free = count - state.taken
            let most = (count + 1) / 2
            return NoticeShare(
                limits: [free, free - count / 8, free - count / 4, free - count / 4].map { max(0, $0) },
                without: state.tenants.filter { $0.value >= most }.map(\.key)
            )
        }
    }

    /// Nothing is with anybody.
    var isFree: Bool { state.withLock { $0.taken == 0 } }

    func take(_ notice: ClaimedNotice) {
        state.withLock { state in
            state.taken += 1
            state.tenants[notice.tenantID, default: 0] += 1
        }
    }

    func leave(_ notice: ClaimedNotice) {
        state.withLock { state in
            state.taken -= 1
            let left = state.tenants[notice.tenantID, default: 1] - 1
            state.tenants[notice.tenantID] = left > 0 ? left : nil
        }
    }
}
