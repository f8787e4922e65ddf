import Domain
import HTTPServer
import Identity
import Observability
import Persistence
import Synchronization

/// What each tenant decided about the limits of its own requests (RTL-12), remembered for a moment.
final class TenantLimits: Sendable {
    private let database: TenantPool
    private let time: TimeSource
    private let logger: Logger
    private let known = Mutex<[TenantID: (limits: TenantRequestLimits, until: Timestamp)]>([:])
    private static let mostKnown = 10_000
    /// A change holds in every gateway after so long.
    private static let believedFor = Duration.seconds(5)

    init(database: TenantPool, time: TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    /// The tenant's own limits. Where Postgres cannot be asked, what was known last, else none: the installation's hold then.
    func limits(of tenant: TenantID) async -> TenantRequestLimits {
        let now = time.now()
        let entry = known.withLock { $0[tenant] }
        if let entry, now < entry.until { return entry.limits }
        var limits = entry?.limits ?? TenantRequestLimits()
        do {
            limits = try await database.transaction(in: tenant) {
                try await TenantRepository($0).requestLimits(of: tenant)
            }
        } catch {
            logger.debug("a tenant's limits cannot be read", ["error": .error(error)])
        }
        let found = limits
        known.withLock { known in
            if known.count >= Self.mostKnown { known = [:] }
            known[tenant] = (found, now + Self.believedFor)
        }
        return limits
    }
}

extension RequestLimits {
    /// With a tenant's own in place of the installation's, never beyond what the installation allows.
    func with(_ own: TenantRequestLimits) -> RequestLimits {
        var limits = self
        limits.perClient = bounded(own.perClient, perClient)
        limits.perTenant = bounded(own.perTenant, perTenant)
        limits.burst = bounded(own.burst, burst)
        return limits
    }

    private func bounded(_ own: Int?, _ base: Int) -> Int { own.map { min($0, most(base)) } ?? base }

    /// What an operator may give a tenant at most; no bound where the installation has no limit.
    private func most(_ base: Int) -> Int {
        let (most, overflow) = base.multipliedReportingOverflow(by: raise)
        return base == 0 || overflow ? Int.max : most
    }

    /// Throws where these limits of a tenant's may not follow the ones before: beyond what the installation allows, or above
    /// those before where it is not the operator who asks.
    func allow(
        _ wanted: TenantRequestLimits,
        after before: TenantRequestLimits,
        byOperator isOperator: Bool
    ) throws(Problem) {
        var details: [Problem.Detail] = []
        func check(_ name: String, _ wanted: Int?, _ before: Int?, _ base: Int) {
            guard wanted != before else { return }
            if let wanted, wanted > most(base) {
                let message = "must be at most \(most(base)), \(raise) times what the installation gives"
                details.append(Problem.Detail(field: "/" + name, code: "out_of_range", message: message))
            } else if !isOperator, Self.rank(wanted ?? base) > Self.rank(before ?? base) {
                let message = "can be lowered only; the operator raises it"
                details.append(Problem.Detail(field: "/" + name, code: "not_raised_here", message: message))
            }
        }
        check("limit_client", wanted.perClient, before.perClient, perClient)
        check("limit_tenant", wanted.perTenant, before.perTenant, perTenant)
        check("limit_burst", wanted.burst, before.burst, burst)
        guard details.isEmpty else { throw .invalid(details) }
    }

    /// 0 is no limit: more than any.
    private static func rank(_ limit: Int) -> Int { limit == 0 ? Int.max : limit }
}
