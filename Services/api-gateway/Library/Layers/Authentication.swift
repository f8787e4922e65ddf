import Domain
import HTTPServer
import Identity

/// Proves who asks, and says whether he may: the one door of every route.
struct Authentication: Sendable {
    let accounts: Accounts
    let naming: TenantNaming

    /// Leaves the ``Caller`` on requests of routes that are not open.
    func layer(_ request: Request, _ route: GatewayRoute, _ next: @escaping RouteHandler) async throws -> Response {
        guard route.metadata.guard != .open else { return try await next(request) }
        var request = request
        let principal: Principal
        if let known = request[Recognised.self] {
            let claim = try await accounts.claim(known.token)
            principal = claim.principal
            request[Unconfirmed.self] = Unconfirmed(claim: claim)
        } else {
            switch try Self.proof(of: request) {
            case .token(let text):
                let claim = try await accounts.claim(accessToken: text)
                principal = claim.principal
                request[Unconfirmed.self] = Unconfirmed(claim: claim)
            case .apiKey(let text):
                principal = try await accounts.authenticate(apiKey: text, from: request.clientAddress)
            }
        }
        do {
            try await naming.agrees(request, with: principal.tenantID)
        } catch {
            try await confirm(request)
            throw error
        }
        request[Caller.self] = Caller(principal, request)
        request[RequestTrail.self]?.principal = principal
        let asked = request
        request[StandingCheck.self] = StandingCheck { await standing(of: asked) }
        return try await next(request)
    }

    /// A token of which it is not known yet whether it was denied. Redis is asked for that and for the limits at once.
    private struct Unconfirmed: RequestValue {
        let claim: Claim
    }

    private func confirm(_ request: Request) async throws(IdentityRefusal) {
        if let claim = request[Unconfirmed.self]?.claim { try await accounts.confirm(claim) }
    }

    /// The token that the request shows, where it was verified a moment ago: then its counting may wait for that of its user.
    func recognise(_ request: Request) -> AccessToken? {
        guard let value = request.headers["authorization"], case .token(let text)? = try? Self.bearer(value) else {
            return nil
        }
        return accounts.recognise(accessToken: text)
    }

    /// Leaves a token that was recognised for ``layer(_:_:_:)``, which then reads it no second time. Not where the request shows
    /// another proof beside it.
    static func remember(_ token: AccessToken, on request: inout Request) {
        let headers = request.headers
        guard headers.number(of: "authorization") == 1, headers.number(of: "x-api-key") == 0,
            headers.number(of: "sec-websocket-protocol") == 0
        else { return }
        request[Recognised.self] = Recognised(token: token)
    }

    private struct Recognised: RequestValue {
        let token: AccessToken
    }

    /// Confirms who asks, and answers 403 to who lacks a permission or a role that the route names.
    func authorise(_ request: Request, _ route: GatewayRoute, _ next: @escaping RouteHandler) async throws -> Response {
        let asked = route.metadata.guard
        if asked != .open {
            _ = try request.caller
            try await confirm(request)
        }
        try Self.permit(request, asked)
        return try await next(request)
    }

    static func permit(_ request: Request, _ asked: Access.Guard) throws {
        switch asked {
        case .open, .signedIn: break
        case .permissions(let needed):
            guard needed.isSubset(of: try ready(request).permissions) else { throw Problem.forbidden }
        case .roles(let roles):
            guard roles.contains(try ready(request).role) else { throw Problem.forbidden }
        }
    }

    /// Whether somebody valid asked, also where the router knew no route and nobody was asked for a proof.
    func isProven(_ request: Request) async -> Bool {
        if request[RequestTrail.self]?.principal != nil { return true }
        return (try? await principal(of: request)) != nil
    }

    /// Whether the request's proof still stands for somebody.
    func standing(of request: Request) async -> LiveStanding {
        do {
            let principal = try await principal(of: request)
            try await naming.agrees(request, with: principal.tenantID)
            return .allowed(principal)
        } catch let refusal as IdentityRefusal {
            return refusal == .unavailable ? .unknown : .refused
        } catch is Problem {
            return .refused
        } catch {
            // The database could not be asked.
            return .unknown
        }
    }

    /// Who asks, unless he must choose another password first.
    private static func ready(_ request: Request) throws -> Principal {
        let principal = try request.caller.principal
        if principal.mustChangePassword {
            throw Problem(.forbidden, code: "password_change_required", detail: "Choose another password first.")
        }
        return principal
    }

    /// Who asks, confirmed.
    func principal(of request: Request) async throws -> Principal {
        switch try Self.proof(of: request) {
        case .token(let text): try await accounts.authenticate(accessToken: text)
        case .apiKey(let text): try await accounts.authenticate(apiKey: text, from: request.clientAddress)
        }
    }

    /// By the one proof that the request shows. Two of them are refused: they could be two people's.
    private static func proof(of request: Request) throws(Problem) -> Proof {
        var proofs: [Proof] = []
        for value in request.headers.values("authorization") { proofs.append(try bearer(value)) }
        for value in request.headers.values("x-api-key") { proofs.append(.apiKey(value)) }
        // A browser can set no other field of a WebSocket's handshake.
        for value in request.headers.list("sec-websocket-protocol") where value.hasPrefix("bearer.") {
            proofs.append(proof(String(value.dropFirst(7))))
        }
        guard proofs.count == 1 else { throw .unauthorized }
        return proofs[0]
    }

    private enum Proof {
        case token(String)
        case apiKey(String)
    }

    private static func bearer(_ value: String) throws(Problem) -> Proof {
        // By octets: a token is long, and to find its characters costs more than to look it up.
        let octets = value.utf8
        guard let blank = octets.firstIndex(of: 0x20), value[..<blank].lowercased() == "bearer" else {
            throw .unauthorized
        }
        // No token that holds has another blank in it.
        return proof(String(value[octets.index(after: blank)...]))
    }

    private static func proof(_ text: String) -> Proof { text.hasPrefix("nxk_") ? .apiKey(text) : .token(text) }
}

/// Asks again whether who sent the request still may, for answers that take long.
struct StandingCheck: RequestValue {
    let standing: @Sendable () async -> LiveStanding
}
