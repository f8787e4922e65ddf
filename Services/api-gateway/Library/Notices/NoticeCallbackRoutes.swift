import Domain
import HTTPServer
import Persistence
import RateLimits

/// Where providers tell what became of messages, and what people answered by SMS (NTF-02). Nothing is believed here: what would prove it is
/// sealed, and the notifier alone opens it. So everybody gets the same empty answer, whatever the account is and whatever he says.
struct NoticeCallbackRoutes {
    private let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [
            route(.post, "tellNoticeProvider", body: .stream(contentType: "application/octet-stream")),
            // Vonage may be set up so, and Kannel knows no other way.
            route(.get, "tellNoticeProviderByQuery", body: nil),
        ]
    }

    /// Octets of a request: SendGrid gathers as many events.
    private static let most = 1 << 20
    /// Fields that proofs stand in, or that say how the body is read.
    private static let fields: [HeaderName] = [
        "content-type", "x-twilio-signature", "x-twilio-email-event-webhook-signature",
        "x-twilio-email-event-webhook-timestamp", "x-postal-signature", "x-postal-signature-256",
    ]
    /// Longer ones prove nothing.
    private static let longestField = 2_048

    private func route(_ method: HTTPMethod, _ operationID: String, body: Operation.Body?) -> GatewayRoute {
        GatewayRoute(
            method,
            "/api/v1/notices/callbacks/{id:uuid}",
            operationID: operationID,
            metadata: Access(
                // A provider has not signed in: its signature is looked at by who can.
                .open,
                limit: .callback,
                operation: Operation(
                    "notices",
                    "Takes what the provider of an account tells of messages. The answer says nothing of whether it is believed.",
                    body: body,
                    .other(["text/plain"]),
                    others: [404],
                    takesAnyQuery: true
                )
            ),
            bodyLimit: Self.most
        ) { request in
            try await keep(request)
            // 200, for some vendors take nothing else, and no text, for others send it to whoever wrote.
            var response = Response(.ok)
            response.headers["content-type"] = "text/plain"
            return response
        }
    }

    private func keep(_ request: Request) async throws {
        let id = try request.pathID()
        // What is nobody's account counts against the address that names it.
        guard let tenant = try await parts.database.tenant(ofNoticeProvider: id) else { return }
        try await count(request, id)
        let body = request.method == .get ? [] : try await request.body(limit: Self.most)
        let target = request.target.text
        let callback = NoticeCallback(
            host: String((request.headers["host"] ?? "").prefix(300)),
            target: target,
            headers: Self.proofs(request),
            body: body
        )
        guard target.utf8.count <= 16_384 else { return }
        let now = parts.time.now()
        let isKept = try await parts.database.transaction(alone: tenant) { transaction in
            try await NoticeCallbackInbox(transaction).keep(callback, of: id, in: tenant, at: now)
        }
        guard isKept else { throw Problem.unavailable("Too much of this account waits.") }
    }

    /// Counts against the account instead of the address: a vendor tells of thousands of messages from a few.
    private func count(_ request: Request, _ provider: UUID128) async throws {
        _ = request[Admission.self]?.take()
        let limit = parts.policy.limits.callbacks
        guard limit > 0 else { return }
        let rule = RateRule("callback", subject: "\(provider)", .window(limit: limit, seconds: 60))
        if let refused = await parts.limiter.take([rule]).refusedBy {
            let seconds = (refused.resetMilliseconds + 999) / 1_000
            throw Problem.tooMany("Too much is told of this account.", retryAfter: seconds)
        }
    }

    private static func proofs(_ request: Request) -> [String: String] {
        var proofs: [String: String] = [:]
        for name in fields {
            if let value = request.headers[name], value.utf8.count <= longestField { proofs[name.text] = value }
        }
        return proofs
    }
}
