import Billing
import Concurrency
import Domain
package import HTTPServer
import Identity
import Observability

/// The routes with everything around them: what the HTTP server asks for every request.
package struct Gateway: Sendable {
    private let router: Router<Access>
    private let limiting: Limiting
    private let authentication: Authentication
    private let headers: SecurityHeaders
    private let meter: TrafficMeter
    private let time: TimeSource
    private let logger: Logger

    /// Throws where two routes are one.
    package init(_ routes: [GatewayRoute], parts: Parts, naming: TenantNaming, metrics: GatewayMetrics)
        throws(RouteError)
    {
        let limiting = Limiting(
            parts.policy.limits,
            of: TenantLimits(database: parts.database, time: parts.time, logger: parts.logger),
            limiter: parts.limiter,
            metrics: metrics
        )
        let authentication = Authentication(accounts: parts.accounts, naming: naming)
        let idempotency = Idempotency(database: parts.database, time: parts.time, metrics: metrics)
        let errors = ErrorMapper(logger: parts.logger, time: parts.time, metrics: metrics)
        let headers = SecurityHeaders(origins: parts.policy.origins)
        self.limiting = limiting
        self.authentication = authentication
        logger = parts.logger
        (meter, time) = (parts.meter, parts.time)
        self.headers = headers
        router = try Router(
            routes,
            layers: [
                Self.deprecate, authentication.layer, limiting.layer, authentication.authorise, QueryCheck.layer,
                idempotency.layer,
            ],
            options: { request, methods in headers.preflight(request, methods) },
            onError: { error, request in errors.problem(error, request) }
        )
    }

    /// Every route.
    package var routes: [GatewayRoute] { router.routes }

    /// Answers a request, whatever it is.
    package func respond(to request: Request) async -> Response {
        let begun = SystemClock.monotonicNanoseconds()
        let trail = RequestTrail()
        var request = request
        request[RequestTrail.self] = trail
        let asked = request
        var response: Response
        do {
            let admission = limiting.admission(of: request)
            // Else before anything is looked at.
            if let token = authentication.recognise(request) {
                Authentication.remember(token, on: &request)
            } else {
                try await limiting.count(admission)
            }
            try Self.refuseCoding(request)
            request[Admission.self] = admission
            response = await router.respond(to: request)
            try await limiting.count(admission)
            await limiting.note(response, to: request) { await authentication.isProven(asked) }
        } catch {
            response = error.response(to: request)
        }
        headers.apply(to: &response, of: request)
        if let project = TrafficMeter.project(of: request, trail, response) {
            meter.count(&response, to: request, for: project, in: MeteredMonth(at: time.now()))
        }
        log(response, to: request, trail, since: begun)
        return response
    }

    /// One line for each request (API-07, API-12): the route's pattern, never the path, in which a token may stand. The
    /// trace's id stands in every line that is written while a request is answered.
    private func log(_ response: Response, to request: Request, _ trail: RequestTrail, since begun: UInt64) {
        logger.info(
            "request",
            [
                "http.method": .string(request.method.name), "http.route": .string(request.route),
                "http.status": .int(response.status.code),
                "http.duration_seconds": .double(Double(SystemClock.monotonicNanoseconds() &- begun) / 1e9),
                "tenant_id": .string(trail.principal?.tenantID.description ?? ""), "request_id": .string(request.id),
            ]
        )
    }

    /// Nothing is unpacked: octets in a coding would be read as what they are not (RFC 9110 §15.5.16).
    private static func refuseCoding(_ request: Request) throws(Problem) {
        guard request.headers.number(of: "content-encoding") > 0,
            !request.headers.list("content-encoding").allSatisfy({ $0.lowercased() == "identity" })
        else { return }
        var problem = Problem(415, code: "unsupported_coding", detail: "Send the body without a Content-Encoding.")
        problem.headers["accept-encoding"] = "identity"
        throw problem
    }

    /// The path still works, and another is better.
    static let deprecate: RouteLayer<Access> = { request, route, next in
        var response = try await next(request)
        if let deprecation = route.metadata.operation.deprecation {
            response.headers["deprecation"] = HeaderValue(withoutControls: "@\(deprecation.since)")
            response.headers["sunset"] = HeaderValue(withoutControls: deprecation.sunset)
        }
        return response
    }
}
