import HTTPServer
import Observability

/// What every answer says to browsers, and to whose pages.
struct SecurityHeaders: Sendable {
    let origins: [String]

    private static let always: [(HeaderName, HeaderValue)] = [
        ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        // Nothing of the API may lie about in a cache; pages and assets say otherwise themselves.
        ("cache-control", "no-store"),
    ]

    /// Sets what the answer itself has not.
    func apply(to response: inout Response, of request: Request) {
        for (name, value) in Self.always where response.headers[name] == nil { response.headers.add(name, value) }
        if request.isSecure { response.headers["strict-transport-security"] = "max-age=31536000; includeSubDomains" }
        response.headers["traceparent"] = HeaderValue(withoutControls: request.trace.traceparent)
        allowOrigin(&response, request)
    }

    /// Answers OPTIONS; to a preflight it says what may be sent.
    func preflight(_ request: Request, _ methods: [HTTPMethod]) -> Response {
        var response = Response(.noContent)
        let names = HeaderValue(withoutControls: methods.map(\.name).joined(separator: ", "))
        if !methods.isEmpty { response.headers["allow"] = names }
        guard request.headers["access-control-request-method"] != nil, isAllowed(request.headers["origin"]) else {
            return response
        }
        response.headers["access-control-allow-methods"] = names
        response.headers["access-control-allow-headers"] =
            "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-api-key, x-project-id, x-request-id, x-tenant-id"
        response.headers["access-control-max-age"] = "600"
        return response
    }

    private func allowOrigin(_ response: inout Response, _ request: Request) {
        guard !origins.isEmpty else { return }
        response.headers.vary("Origin")
        guard let origin = request.headers["origin"], isAllowed(origin) else { return }
        response.headers["access-control-allow-origin"] = HeaderValue(withoutControls: origin)
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        response.headers["access-control-expose-headers"] =
            "etag, link, location, ratelimit, ratelimit-policy, retry-after, traceparent, x-request-id"
    }

    private func isAllowed(_ origin: String?) -> Bool {
        guard let origin else { return false }
        return origins.contains(origin) || origins.contains("*")
    }
}
