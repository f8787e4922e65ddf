import Domain
import Identity
import Observability
import Synchronization

/// Who reads the stream's history, so many at most: each has a consumer of his own at the server. No user holds more than two
/// turns and no tenant more than half of them, so that nobody takes them all.
final class LiveHistories: Sendable {
    private let source: any LiveSource
    private let maximum: Int
    private let metrics: LiveMetrics
    private let open = Mutex(State())
    static let perUser = 2

    private struct State {
        var count = 0
        var users: [UserID: Int] = [:]
        var tenants: [TenantID: Int] = [:]
    }

    init(_ source: any LiveSource, maximum: Int, metrics: LiveMetrics) {
        self.source = source
        self.maximum = maximum
        self.metrics = metrics
    }

    /// Leave to read; nil where as many read as may, of all, of the tenant's or of the user's.
    func turn(for principal: Principal) -> Turn? {
        let (user, tenant) = (principal.userID, principal.tenantID)
        let isFree = open.withLock { open in
            guard open.count < maximum, open.users[user, default: 0] < Self.perUser,
                open.tenants[tenant, default: 0] < max(1, maximum / 2)
            else { return false }
            open.count += 1
            open.users[user, default: 0] += 1
            open.tenants[tenant, default: 0] += 1
            return true
        }
        guard isFree else {
            metrics.refusedHistory.add()
            return nil
        }
        metrics.histories.add(1)
        return Turn(histories: self, user: user, tenant: tenant)
    }

    private func leave(_ user: UserID, _ tenant: TenantID) {
        open.withLock { open in
            open.count -= 1
            let (users, tenants) = (open.users[user, default: 1] - 1, open.tenants[tenant, default: 1] - 1)
            open.users[user] = users > 0 ? users : nil
            open.tenants[tenant] = tenants > 0 ? tenants : nil
        }
        metrics.histories.add(-1)
    }

    /// Where the first event lies that the stream took in at or after that time, as ``LiveSource/place(at:)`` says. With a turn
    /// alone.
    func place(at time: Timestamp) async throws -> UInt64? { try await source.place(at: time) }

    /// With a turn alone.
    func open(after sequence: UInt64) throws -> any LiveReader { try source.open(after: sequence) }

    /// Leave to read until ``end()``.
    struct Turn: Sendable {
        fileprivate let histories: LiveHistories
        fileprivate let user: UserID
        fileprivate let tenant: TenantID

        func end() { histories.leave(user, tenant) }
    }
}
