package import Domain
import Synchronization

/// What each address tried lately (IAM-29). In memory, bounded: each gateway counts for itself.
package final class LoginGuard: Sendable {
    private let limits: LoginLimits
    private let capacity: Int
    private let time: TimeSource
    private let addresses = Mutex<[String: AddressAttempts]>([:])

    /// Knows at most `capacity` addresses; beyond that it forgets who was not seen for longest.
    package init(limits: LoginLimits = LoginLimits(), capacity: Int = 10_000, time: TimeSource) {
        precondition(capacity > 0, "a guard that knows nobody")
        self.limits = limits
        self.capacity = capacity
        self.time = time
    }

    /// Whether an attempt from there may go on to the password.
    package func admit(_ address: IPAddress) -> AddressAttempts.Verdict {
        change(address) { $0.admit(at: $1, limits) }
    }

    /// The attempt failed on that account of that tenant, whether or not there is one.
    package func failed(_ address: IPAddress, tenant: TenantID, email: String) {
        let account = Self.account(tenant, email)
        change(address) { $0.failed(account: account, at: $1, limits) }
    }

    /// Whether an attempt must bring the solution of a challenge: because of its address, or because of what was tried on the
    /// account before, whose lock it is.
    package func wantsChallenge(_ address: IPAddress, lock: AccountLock) -> Bool {
        change(address) { attempts, _ in attempts.wantsChallenge(limits) } || lock.wantsChallenge(limits)
    }

    private static func account(_ tenant: TenantID, _ email: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(tenant)
        hasher.combine(email.lowercased())
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }

    /// The attempt succeeded.
    package func succeeded(_ address: IPAddress) {
        change(address) { $0.succeeded(at: $1) }
    }

    /// How many addresses are known.
    package var count: Int { addresses.withLock { $0.count } }

    private func change<Result>(_ address: IPAddress, _ body: (inout AddressAttempts, Timestamp) -> Result) -> Result {
        let (source, now) = (address.source, time.now())
        return addresses.withLock { addresses in
            if addresses[source] == nil, addresses.count >= capacity { forget(&addresses, now) }
            return body(&addresses[source, default: AddressAttempts()], now)
        }
    }

    /// Makes room: of everyone whose past means nothing any more, or else of who was not seen for longest.
    private func forget(_ addresses: inout [String: AddressAttempts], _ now: Timestamp) {
        addresses = addresses.filter { !$0.value.isForgettable(at: now, limits) }
        while addresses.count >= capacity, let oldest = addresses.min(by: { $0.value.lastSeen < $1.value.lastSeen }) {
            addresses[oldest.key] = nil
        }
    }
}
