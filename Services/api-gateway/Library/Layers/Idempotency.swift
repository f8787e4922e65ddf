import Crypto
import Domain
import HTTPServer
import Identity
import Persistence
import Synchronization

/// A body that a layer has read already.
struct ReadBody: RequestValue {
    let octets: [UInt8]
}

/// The request's place under its `Idempotency-Key`, for whoever commits its change: the answer commits with it.
final class IdempotencyClaim: RequestValue {
    let request: KeyedRequest
    /// The body is not kept.
    private let isSecret: Bool
    private let kept = Atomic<Bool>(false)
    private let open = Atomic<Bool>(false)

    init(request: KeyedRequest, isSecret: Bool) {
        self.request = request
        self.isSecret = isSecret
    }

    /// The answer has committed.
    var isKept: Bool { kept.load(ordering: .acquiring) }
    func markKept() { kept.store(true, ordering: .releasing) }

    /// The answer is not the last word: the request may come again under its key, and is carried out again.
    var isLeftOpen: Bool { open.load(ordering: .acquiring) }
    func leaveOpen() { open.store(true, ordering: .releasing) }

    /// Keeps the answer in the transaction of the change.
    func keep(_ response: Response, in transaction: ScopedTransaction) async throws {
        try await IdempotencyStore(transaction).keep(answer(response), for: request)
    }

    private func answer(_ response: Response) -> KeptAnswer {
        var headers: [String: String] = [:]
        for name: HeaderName in ["content-type", "etag", "location"] {
            headers[name.text] = response.headers[name]?.text
        }
        var body: [UInt8]?
        if !isSecret { if case .octets(let octets) = response.body { body = octets } else { body = [] } }
        return KeptAnswer(status: response.status.code, headers: headers, body: body)
    }
}

/// Carries a request under a key out once, however often it comes (API-15).
struct Idempotency: Sendable {
    let database: TenantPool
    let time: TimeSource
    let metrics: GatewayMetrics
    /// A first request that has not ended so long after its route's time never will.
    static let abandonedAfter = Duration.seconds(120)

    func layer(_ request: Request, _ route: GatewayRoute, _ next: @escaping RouteHandler) async throws -> Response {
        let repetition = route.metadata.repetition
        guard repetition != .unkeyed, let key = request.headers["idempotency-key"] else {
            if repetition.isMandatory { throw Self.keyRequired }
            return try await next(request)
        }
        try Self.check(key)
        var request = request
        if repetition == .lasting {
            request[IdempotencyClaim.self] = try Self.claim(request, key, fingerprint: [])
            return try await next(request)
        }
        let body = try await request.body(limit: .max)
        let claim = try Self.claim(
            request,
            key,
            fingerprint: Self.fingerprint(request, body),
            isSecret: repetition == .keyedSecret
        )
        switch try await self.claim(claim, route.handlerTime ?? .zero) {
        case .claimed: break
        case .answered(let answer):
            metrics.replayed()
            return try Self.replay(answer)
        case .underWay:
            throw Problem.conflict("request_under_way", "The first request under this key has not ended.")
        case .mismatch:
            throw Problem(
                .unprocessableContent,
                code: "idempotency_mismatch",
                detail: "The key was used for another request."
            )
        }
        request[ReadBody.self] = ReadBody(octets: body)
        request[IdempotencyClaim.self] = claim
        return try await run(request, claim, next)
    }

    private static func claim(
        _ request: Request,
        _ key: String,
        fingerprint: [UInt8],
        isSecret: Bool = false
    ) throws -> IdempotencyClaim {
        let caller = try request.caller
        return IdempotencyClaim(
            request: KeyedRequest(
                tenantID: caller.principal.tenantID,
                actor: caller.audit.actor.id,
                key: key,
                fingerprint: fingerprint
            ),
            isSecret: isSecret
        )
    }

    private static let keyRequired = Problem(
        .badRequest,
        code: "idempotency_key_required",
        detail: "Send an Idempotency-Key: what moves money is told apart from its repetition by it."
    )

    /// Throws for what is no key.
    static func check(_ key: String) throws(Problem) {
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalid("Idempotency-Key", "must be 1 to 255 visible characters")
        }
    }

    private func run(_ request: Request, _ claim: IdempotencyClaim, _ next: @escaping RouteHandler) async throws
        -> Response
    {
        let response: Response
        do {
            response = try await next(request)
        } catch {
            // Nothing was changed: the same request may be mended and sent again.
            await release(claim)
            throw error
        }
        if claim.isLeftOpen {
            await release(claim)
            return response
        }
        // Where nothing was committed with a change the answer is kept behind it.
        guard !claim.isKept else { return response }
        try? await database.transaction(in: claim.request.tenantID) { try await claim.keep(response, in: $0) }
        return response
    }

    /// Where that fails the claim is taken over once it is old.
    private func release(_ claim: IdempotencyClaim) async {
        try? await database.transaction(in: claim.request.tenantID) { transaction in
            try await IdempotencyStore(transaction).release(claim.request)
        }
    }

    private func claim(
        _ claim: IdempotencyClaim,
        _ time: Duration
    ) async throws -> IdempotencyStore.Finding {
        let now = self.time.now()
        return try await database.transaction(in: claim.request.tenantID) { transaction in
            try await IdempotencyStore(transaction).claim(
                claim.request,
                at: now,
                abandonedBefore: now - Self.abandonedAfter - time
            )
        }
    }

    private static func replay(_ answer: KeptAnswer) throws -> Response {
        guard let body = answer.body else {
            throw Problem.conflict("secret_not_kept", "It was done; its answer held a secret, which is not kept.")
        }
        var response = Response(HTTPStatus(answer.status), body: body.isEmpty ? .none : .octets(body))
        for (name, value) in answer.headers {
            if let name = HeaderName(name) { response.headers[name] = HeaderValue(withoutControls: value) }
        }
        response.headers["idempotent-replayed"] = "true"
        return response
    }

    private static func fingerprint(_ request: Request, _ body: [UInt8]) -> [UInt8] {
        let query = request.query.items.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let head = "\(request.method.name)\n\(request.target.path)\n\(query)\n"
        return Digest.sha256(Array(head.utf8) + body)
    }
}

extension Request {
    /// Keeps the answer in the transaction of its change, where the request came under a key.
    func keep(_ response: Response, in transaction: ScopedTransaction) async throws {
        try await self[IdempotencyClaim.self]?.keep(response, in: transaction)
    }

    /// That transaction has committed.
    func markKept() { self[IdempotencyClaim.self]?.markKept() }

    /// The body as JSON, wherever it was read.
    func payload() async throws -> JSONValue {
        if let read = self[ReadBody.self] {
            guard headers["content-type"].map(Self.isJSON) == true else {
                throw Problem(415, code: "unsupported_media_type", detail: "The body must be application/json.")
            }
            return try JSONValue(read.octets)
        }
        return try JSONValue(try await jsonBody())
    }

    private static func isJSON(_ type: String) -> Bool {
        let plain = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return plain == "application/json" || plain.hasPrefix("application/") && plain.hasSuffix("+json")
    }
}
