import Admission
import Domain

/// What this thread granted lately, so that a Redis that forgot it is told again: a new primary that lacked the last
/// writes, or a server that was away. Bounded. Confined to one thread.
struct GrantMemory {
    struct Grant {
        var claim: AdmissionClaim
        /// Monotonic nanoseconds.
        var at: UInt64
        /// Redis never had it: it is told whatever its age.
        var isOffline: Bool
    }

    private var grants: [Grant] = []
    private var start = 0
    private let capacity: Int
    /// How long a grant that Redis confirmed is remembered, in nanoseconds.
    private let memory: UInt64

    init(capacity: Int = 65_536, memory: UInt64 = 60_000_000_000) {
        self.capacity = capacity
        self.memory = memory
    }

    /// Grants that Redis has never had.
    private(set) var offline = 0

    mutating func append(_ grant: Grant) {
        if grant.isOffline { offline += 1 }
        if grants.count < capacity {
            grants.append(grant)
        } else {
            if grants[start].isOffline { offline -= 1 }
            grants[start] = grant
            start = (start + 1) % capacity
        }
    }

    /// What must be told again, newest first: what Redis never had, and unless `onlyOffline` what it may have forgotten. A new
    /// primary lacks the newest, if any.
    /// `state` tells what became of each, nil when it is over.
    func due(now: UInt64, onlyOffline: Bool, state: (AdmissionClaim) -> AdmissionClaim.State?) -> [AdmissionClaim] {
        var due: [AdmissionClaim] = []
        for index in Array(grants.indices[..<start].reversed()) + Array(grants.indices[start...].reversed()) {
            let grant = grants[index]
            guard grant.isOffline || !onlyOffline && now &- grant.at < memory, let state = state(grant.claim) else {
                continue
            }
            var claim = grant.claim
            claim.state = state
            due.append(claim)
        }
        return due
    }

    /// Redis has these now: they are told once more only when it may have forgotten them.
    mutating func confirm(_ claims: [AdmissionClaim]) {
        guard offline > 0 else { return }
        let told = Set(claims.map(\.admission))
        for index in grants.indices where grants[index].isOffline && told.contains(grants[index].claim.admission) {
            grants[index].isOffline = false
            offline -= 1
        }
    }
}
