import Domain
import HTTPServer
import Identity
import Observability
import RateLimits
import Synchronization

/// How often: around everything by address, and within the routes by who asks (F-12).
struct Limiting: Sendable {
    private let limits: RequestLimits
    private let tenants: TenantLimits
    private let limiter: RateLimiter
    private let metrics: GatewayMetrics

    init(_ limits: RequestLimits, of tenants: TenantLimits, limiter: RateLimiter, metrics: GatewayMetrics) {
        self.limits = limits
        self.tenants = tenants
        self.limiter = limiter
        self.metrics = metrics
    }

    /// What a request counts against by its address, and whether that is shut out: of every gateway, where it is of one.
    func admission(of request: Request) -> Admission {
        let address = request.clientAddress.source
        var rules: [RateRule] = []
        if limits.suspicious > 0 { rules.append(shutOut(address, isLook: true)) }
        if limits.perAddress > 0 {
            rules.append(RateRule("address", subject: address, .window(limit: limits.perAddress, seconds: 60)))
        }
        return Admission(rules)
    }

    /// Counts a request against its address unless it was. Throws 429.
    func count(_ admission: Admission) async throws(Problem) {
        let rules = admission.take()
        guard !rules.isEmpty else { return }
        try admit(await limiter.take(rules))
    }

    private func admit(_ verdict: RateVerdict) throws(Problem) {
        if let refused = verdict.refusedBy, refused.rule.name == Self.shutOut {
            metrics.limited("blocked")
            throw .tooMany("This address is shut out for a while.", retryAfter: Self.seconds(refused))
        }
        try check(verdict)
    }

    /// Notes an answer that the request itself is to blame for: too many of them shut its address out (RTL-10). Somebody who has
    /// proven who he is makes mistakes, and does not shut out those who share his address.
    func note(_ response: Response, to request: Request, isProven: () async -> Bool) async {
        guard limits.suspicious > 0 else { return }
        switch response.status.code {
        case 401, 403: break
        case 400, 404, 405: if await isProven() { return }
        default: return
        }
        let address = request.clientAddress.source
        let rule = RateRule("suspicious", subject: address, .window(limit: limits.suspicious, seconds: 60))
        guard await limiter.take([rule]).refusedBy != nil else { return }
        _ = await limiter.take([shutOut(address, isLook: false)])
        metrics.limited("shut_out")
    }

    private static let shutOut = "shut-out"

    /// A window of one: whoever is in it stays out until it is over.
    private func shutOut(_ address: String, isLook: Bool) -> RateRule {
        let seconds = max(1, Int(limits.blockFor.components.seconds))
        return RateRule(
            Self.shutOut,
            subject: address,
            isLook ? .watch(limit: 1, seconds: seconds) : .window(limit: 1, seconds: seconds)
        )
    }

    /// Counts a request of a route against who asks, his tenant, and what the route itself allows. Says in the answer how much is
    /// left (RateLimit, RateLimit-Policy).
    func layer(_ request: Request, _ route: GatewayRoute, _ next: @escaping RouteHandler) async throws -> Response {
        if route.metadata.limit == .callback { return try await next(request) }
        let rules = await rules(for: request, route.metadata)
        guard !rules.isEmpty else {
            if let admission = request[Admission.self] { try await count(admission) }
            return try await counted(request, route.metadata, next)
        }
        let verdict = try await take(rules, request[Admission.self])
        var request = request
        request[FurtherRequests.self] = FurtherRequests { count in
            for _ in 0..<count { try self.check(await self.limiter.take(rules)) }
        }
        var response = try await counted(request, route.metadata, next)
        Self.tell(verdict, in: &response.headers)
        return response
    }

    /// Counts against the rules, and against the address where that was left for now.
    private func take(_ rules: [RateRule], _ admission: Admission?) async throws(Problem) -> RateVerdict {
        let own = admission?.take() ?? []
        let both = await limiter.take(own + rules)
        let verdict = RateVerdict(standings: Array(both.standings.dropFirst(own.count)), refusedBy: both.refusedBy)
        guard let refused = both.refusedBy else { return verdict }
        if own.contains(refused.rule) { try admit(RateVerdict(standings: [refused], refusedBy: refused)) }
        // Nothing was counted; what his own limits refuse counts against his address.
        admission?.giveBack(own)
        try check(verdict)
        return verdict
    }

    /// Counts failed guesses at passwords, codes and links (RTL-09).
    private func counted(
        _ request: Request,
        _ access: Access,
        _ next: @escaping RouteHandler
    ) async throws -> Response {
        guard access.limit == .login else { return try await next(request) }
        do {
            return try await next(request)
        } catch let refusal as IdentityRefusal {
            switch refusal {
            case .badCredentials, .wrongCode, .invalidToken, .tokenReused, .locked, .throttled: metrics.failedLogin()
            default: break
            }
            throw refusal
        }
    }

    private func rules(for request: Request, _ access: Access) async -> [RateRule] {
        if access.limit == .address { return [] }
        var rules: [RateRule] = []
        func window(_ name: String, _ subject: String, _ limit: Int) {
            guard limit > 0 else { return }
            rules.append(RateRule(name, subject: subject, .window(limit: limit, seconds: 60)))
        }
        let address = request.clientAddress.source
        if access.limit == .login { window("login", address, limits.logins) }
        guard let caller = request[Caller.self] else {
            window("anonymous", address, limits.perClient)
            return rules
        }
        let limits = limits.with(await tenants.limits(of: caller.principal.tenantID))
        window("client", caller.principal.userID.description, limits.perClient)
        if access.limit == .payment { window("payment", caller.principal.userID.description, limits.payments) }
        let tenant = caller.principal.tenantID.description
        window("tenant", tenant, limits.perTenant)
        if limits.burst > 0 {
            rules.append(
                RateRule(
                    "burst",
                    subject: tenant,
                    .bucket(capacity: limits.burst, perSecond: max(1, limits.burstPerSecond))
                )
            )
        }
        return rules
    }

    private func check(_ verdict: RateVerdict) throws(Problem) {
        guard let refused = verdict.refusedBy else { return }
        metrics.limited(refused.rule.name)
        var problem = Problem.tooMany(
            "More than \(refused.rule.limit) in \(refused.rule.seconds) s.",
            retryAfter: Self.seconds(refused)
        )
        Self.tell(verdict, in: &problem.headers)
        throw problem
    }

    /// Draft-ietf-httpapi-ratelimit-headers: the policies, and how the request stands against each.
    private static func tell(_ verdict: RateVerdict, in headers: inout ResponseHeaders) {
        let standings = verdict.standings.filter { $0.rule.name != shutOut }
        guard !standings.isEmpty else { return }
        // Grown in place: with each answer they would be made of a dozen texts else.
        var policies = ""
        var states = ""
        policies.reserveCapacity(40 * standings.count)
        states.reserveCapacity(40 * standings.count)
        func add(_ name: String, _ first: String, _ one: Int, _ second: String, _ two: Int, to text: inout String) {
            text += text.isEmpty ? "\"" : ", \""
            text += name
            text += first
            text += String(one)
            text += second
            text += String(two)
        }
        for standing in standings {
            let rule = standing.rule
            add(rule.name, "\";q=", rule.limit, ";w=", rule.seconds, to: &policies)
            add(rule.name, "\";r=", standing.remaining, ";t=", seconds(standing), to: &states)
        }
        headers["ratelimit-policy"] = HeaderValue(withoutControls: policies)
        headers["ratelimit"] = HeaderValue(withoutControls: states)
    }

    private static func seconds(_ standing: RateStanding) -> Int { (standing.resetMilliseconds + 999) / 1_000 }
}

/// What a request that asks for several things at once is counted as, beside itself.
struct FurtherRequests: RequestValue {
    /// Counts so many more against the same limits. Throws 429.
    let take: @Sendable (Int) async throws -> Void
}

/// What a request still has to be counted against.
final class Admission: RequestValue {
    private let rules: Mutex<[RateRule]>

    init(_ rules: [RateRule]) { self.rules = Mutex(rules) }

    /// The rules, for whoever counts against them now; none where somebody did.
    func take() -> [RateRule] {
        rules.withLock { rules in
            defer { rules = [] }
            return rules
        }
    }

    func giveBack(_ rules: [RateRule]) { self.rules.withLock { $0 = rules } }
}
