import CoA
import Concurrency
import Domain
import Events
import Persistence
import Sockets
import WireFormat

/// Where NASes are found, as the desk sees it.
protocol BreakerBook: Sendable {
    /// Where requests to those NASes go, in their order; those that are no more are left out.
    func endpoints(_ nases: [(tenant: TenantID, nas: NASID)]) async throws(StorageFault) -> [NASEndpoint]
    /// What waits for that reason on those NASes is due at that time.
    func wake(_ nases: [NASEndpoint], waitingFor: EnforcementReason, at now: Timestamp) async throws(StorageFault)
}

extension BreakerStore: BreakerBook {}

/// What has the breakers.
protocol BreakerKeeping: Sendable {
    /// What is known of a NAS; nil where nothing was asked of it.
    func peer(_ destination: SourceAddress) -> ControlEngine.PeerState?
    /// Closes a NAS's breaker.
    func resetBreaker(_ destination: SourceAddress)
}

extension ControlClient: BreakerKeeping {}

/// Answers questions about breakers, which are in the memory of the process that leads (decision 0024).
///
/// A breaker is an endpoint's, whoever asks of it: NASes of two tenants that share an address and a port share it. Whose it is
/// too is looked up here, as no tenant can see it: of a shared one it is told how it stands, since that is what holds the asker's
/// own orders up, but not what waits there, and it is reset for nobody but the operator.
///
/// The brake before the sessions that comparing would end is in the same memory, a NAS's and its tenant's alone: it is told and released
/// with the breakers.
struct BreakerDesk: Sendable {
    let book: any BreakerBook
    let breakers: any BreakerKeeping
    let brake: SessionBrake
    /// Whether this process carries orders out.
    let isLeading: @Sendable () -> Bool
    let time: TimeSource
    /// Nanoseconds of the clock that the breakers go by.
    let monotonic: @Sendable () -> UInt64

    /// The answer; nil where another process has it.
    func answer(_ payload: [UInt8], _ action: BreakerQuery.Action) async -> [UInt8]? {
        guard isLeading() else { return nil }
        let query: BreakerQuery
        do throws(JSONError) {
            query = try BreakerQuery(json: payload)
        } catch {
            return Self.refusal(.invalid, "the question cannot be read: \(error)")
        }
        guard query.nases.count <= BreakerQuery.mostNASes else {
            return Self.refusal(.invalid, "at most \(BreakerQuery.mostNASes) NASes at once")
        }
        do throws(StorageFault) {
            let endpoints = try await book.endpoints(query.nases.map { ($0.tenantID, $0.nasID) })
            let reset = action == .reset ? endpoints.filter { !$0.isShared || query.includesShared } : []
            for endpoint in reset { if let place = Self.place(endpoint) { breakers.resetBreaker(place) } }
            // Else they would wait for a breaker that is closed.
            try await book.wake(reset, waitingFor: .breakerOpen, at: time.now())
            if action == .release {
                for endpoint in endpoints { brake.release(NASRef(tenantID: endpoint.tenantID, id: endpoint.nasID)) }
                try await book.wake(endpoints, waitingFor: .braked, at: time.now())
            }
            let wereReset = Set(reset)
            return BreakerAnswer.breakers(endpoints.map { told($0, wasReset: wereReset.contains($0)) }).json
        } catch {
            return Self.refusal(.notReady, "the database does not answer")
        }
    }

    static func refusal(_ code: QueryRefusal.Code, _ message: String) -> [UInt8] {
        BreakerAnswer.refusal(QueryRefusal(code, message)).json
    }

    private func told(_ endpoint: NASEndpoint, wasReset: Bool) -> NASBreaker {
        let standing = brake.standing(NASRef(tenantID: endpoint.tenantID, id: endpoint.nasID))
        let braked = NASBreaker.Brake(
            holdsSince: standing.holdsSince,
            held: standing.held,
            releasedUntil: standing.releasedUntil
        )
        guard let address = endpoint.address, let place = Self.place(endpoint) else {
            return NASBreaker(nasID: endpoint.nasID, endpoint: nil, isShared: endpoint.isShared, brake: braked)
        }
        let host = address.family == .ipv4 ? "\(address)" : "[\(address)]"
        let peer = breakers.peer(place)
        return NASBreaker(
            nasID: endpoint.nasID,
            endpoint: "\(host):\(endpoint.port)",
            state: (peer?.breaker ?? .closed).rawValue,
            failures: peer?.failures ?? 0,
            openings: peer?.openings ?? 0,
            until: peer?.opensAgain.flatMap(clock),
            isShared: endpoint.isShared,
            outstanding: endpoint.isShared ? nil : peer?.outstanding ?? 0,
            waiting: endpoint.isShared ? nil : peer?.waiting ?? 0,
            wasReset: wasReset,
            brake: braked
        )
    }

    /// A time of the breakers' clock, if it has not come yet.
    private func clock(_ instant: UInt64) -> Timestamp? {
        let now = monotonic()
        return instant > now ? time.now() + .nanoseconds(Int64(clamping: instant - now)) : nil
    }

    private static func place(_ endpoint: NASEndpoint) -> SourceAddress? {
        endpoint.address.map { SourceAddress($0, port: endpoint.port) }
    }
}
