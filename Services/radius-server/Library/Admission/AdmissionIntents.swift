import Admission
import Domain
import Events
import Synchronization

/// What admission asks others to do or to know, on its way to the event stream. Kept until it is published, up to a bound.
final class AdmissionIntents: Sendable {
    struct Disconnect: Sendable {
        let tenant: TenantID
        let request: DisconnectRequested
        let wallTime: Int64
    }

    /// A pool had no address left for somebody; told once a minute.
    struct Exhausted: Sendable {
        let tenant: TenantID
        let pool: PoolID
        let service: ServiceID
        let nas: NASID
        let wallTime: Int64
        /// Logins that were refused since it was told last.
        let count: UInt64
    }

    /// A grant whose address turned out to be another service's.
    struct Conflict: Sendable {
        let pool: PoolID
        let offset: UInt64
        let service: ServiceID
        let nas: NASID
    }

    private struct State {
        var disconnects: [Disconnect] = []
        var exhausted: [Exhausted] = []
        var toldAt: [PoolID: Int64] = [:]
        var refused: [PoolID: UInt64] = [:]
        var conflicts: [Conflict] = []
        var lost = 0
    }

    private static let capacity = 65_536
    private static let minute: Int64 = 60_000_000
    private let state = Mutex(State())

    func disconnect(_ other: AdmissionResult.Replaced, for login: ParkedLogin) {
        let disconnect = Disconnect(
            tenant: TenantID(login.tenant),
            request: DisconnectRequested(
                admissionID: AdmissionID(other.admission),
                nasID: NASID(other.nas),
                serviceID: ServiceID(login.request.service),
                reason: .sessionLimit,
                replacedBy: AdmissionID(login.request.admission)
            ),
            wallTime: login.wallTime
        )
        state.withLock { state in
            guard state.disconnects.count < Self.capacity else { return state.lost += 1 }
            state.disconnects.append(disconnect)
        }
    }

    func exhausted(_ pool: AddressPool, for login: ParkedLogin) {
        let (tenant, service, nas, wallTime) = (login.tenant, login.request.service, login.request.nas, login.wallTime)
        state.withLock { state in
            state.refused[pool.id, default: 0] += 1
            if let toldAt = state.toldAt[pool.id], wallTime < toldAt + Self.minute { return }
            state.toldAt[pool.id] = wallTime
            let exhausted = Exhausted(
                tenant: TenantID(tenant),
                pool: pool.id,
                service: ServiceID(service),
                nas: NASID(nas),
                wallTime: wallTime,
                count: state.refused.removeValue(forKey: pool.id) ?? 1
            )
            state.exhausted.append(exhausted)
        }
    }

    func conflicts(_ claims: [AdmissionClaim]) {
        let conflicts = claims.compactMap { claim in
            claim.unit.map { unit in
                Conflict(
                    pool: unit.pool.id,
                    offset: unit.offset,
                    service: ServiceID(claim.service),
                    nas: NASID(claim.nas)
                )
            }
        }
        guard !conflicts.isEmpty else { return }
        state.withLock { $0.conflicts += conflicts.prefix(Self.capacity) }
    }

    /// Everything gathered since the last call, and how many disconnects were lost.
    func drain() -> (disconnects: [Disconnect], exhausted: [Exhausted], conflicts: [Conflict], lost: Int) {
        state.withLock { state in
            defer {
                state.disconnects = []
                state.exhausted = []
                state.conflicts = []
                state.lost = 0
            }
            return (state.disconnects, state.exhausted, state.conflicts, state.lost)
        }
    }

    /// What could not be published, to be tried again.
    func putBack(_ disconnects: [Disconnect]) {
        state.withLock { $0.disconnects.insert(contentsOf: disconnects.prefix(Self.capacity), at: 0) }
    }
}
