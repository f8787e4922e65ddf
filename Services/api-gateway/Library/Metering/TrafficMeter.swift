import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import Synchronization

/// What requests that name a project in `X-Project-Id` move, added up in memory until it is written down (FUP-06).
///
/// A request costs one lock. What is held when a process is killed is lost: a few seconds' worth.
package final class TrafficMeter: Sendable {
    /// A project of a tenant.
    struct Place: Hashable, Sendable {
        let tenantID: TenantID
        let projectID: ProjectID
    }

    private struct Key: Hashable {
        let place: Place
        let month: MeteredMonth
    }

    /// What was taken out to be written down.
    struct Taken: Sendable {
        var traffic: [ProjectTraffic] = []
        /// Octets that found no room.
        var lost: Int64 = 0
    }

    private struct State {
        var sums: [Key: Int64] = [:]
        var lost: Int64 = 0
    }

    /// Projects of a month that are held at once: names that somebody makes up must not fill the memory.
    static let most = 10_000

    private let state = Mutex(State())

    package init() {}

    /// The project that a request names whose caller was let in; nil for any other.
    static func project(of request: Request, _ trail: RequestTrail, _ response: Response) -> Place? {
        guard let text = request.headers["x-project-id"], let projectID = ProjectID(text),
            // A token that was denied names its tenant too.
            let principal = trail.principal, response.status != .unauthorized
        else { return nil }
        return Place(tenantID: principal.tenantID, projectID: projectID)
    }

    /// Counts the bodies of a request and its answer, before compression and without their heads. What is streamed counts when it
    /// ends; events and WebSockets count for nothing.
    func count(_ response: inout Response, to request: Request, for place: Place, in month: MeteredMonth) {
        add(Int64(request.body.arrivedCount), for: place, in: month)
        guard request.method != .head else { return }
        switch response.body {
        case .octets(let octets): add(Int64(octets.count), for: place, in: month)
        case .stream(let write):
            response.body = .stream { writer in
                defer { self.add(writer.written, for: place, in: month) }
                try await write(writer)
            }
        case .none, .asset, .events, .webSocket: break
        }
    }

    /// Adds octets.
    func add(_ octets: Int64, for place: Place, in month: MeteredMonth) {
        guard octets > 0 else { return }
        let key = Key(place: place, month: month)
        state.withLock { state in
            guard state.sums[key] != nil || state.sums.count < Self.most else {
                state.lost &+= octets
                return
            }
            let (sum, isTooMuch) = state.sums[key, default: 0].addingReportingOverflow(octets)
            state.sums[key] = isTooMuch ? .max : sum
        }
    }

    /// Takes all out that is held.
    func take() -> Taken {
        let (sums, lost) = state.withLock { state in
            defer { state = State() }
            return (state.sums, state.lost)
        }
        return Taken(
            traffic: sums.map { key, octets in
                ProjectTraffic(
                    tenantID: key.place.tenantID,
                    projectID: key.place.projectID,
                    month: key.month,
                    octets: octets
                )
            },
            lost: lost
        )
    }

    /// Writes down what is held, in one statement, and tells limits that are reached by it, in the same commit. What cannot be written
    /// is held again. Returns the octets that were taken and those that found no room.
    @discardableResult
    func flush(_ parts: Parts) async throws -> (octets: Int64, lost: Int64) {
        let taken = take()
        do {
            try await write(taken.traffic, parts)
        } catch {
            for part in taken.traffic {
                add(part.octets, for: Place(tenantID: part.tenantID, projectID: part.projectID), in: part.month)
            }
            state.withLock { $0.lost &+= taken.lost }
            throw error
        }
        return (taken.traffic.reduce(0) { $0.addingReportingOverflow($1.octets).partialValue }, taken.lost)
    }

    private func write(_ traffic: [ProjectTraffic], _ parts: Parts) async throws {
        guard !traffic.isEmpty else { return }
        let root = try await parts.database.operatorTenant()
        try await parts.database.transaction(in: root) { transaction in
            let usage = MeteringUsage(transaction, ids: parts.ids)
            let tenants = try await usage.record(traffic)
            _ = try await usage.tell(tenants, now: parts.time.now())
        }
    }
}
