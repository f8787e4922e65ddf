import Domain
import HTTPServer
import Identity
import WireFormat

/// Signing in for pages: the refresh token travels in a cookie that no script reads and that only these paths get. The rest
/// is what the routes of programs do.
struct BrowserRoutes {
    private let login: GatewayRoute
    private let renewal: GatewayRoute
    private let parts: Parts

    private static let path = "/api/v1/auth/browser"
    static let cookie = "nexora_refresh"

    /// By the routes that sign programs in.
    init(_ parts: Parts, _ naming: TenantNaming) {
        let programs = AuthRoutes(parts, naming)
        login = programs.login
        renewal = programs.refresh
        self.parts = parts
    }

    var routes: [GatewayRoute] { [signIn, renew, signOut] }

    /// Open: whoever signs in has proven nothing yet.
    private var signIn: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/auth/browser/login",
            operationID: "browserLogin",
            metadata: Access(
                .open,
                limit: .login,
                operation: Operation(
                    "auth",
                    "Signs a page in: as login, but the refresh token goes into a cookie.",
                    body: login.metadata.operation.body,
                    login.metadata.operation.answer
                )
            ),
            bodyLimit: login.bodyLimit
        ) { [login, parts] request in
            try Self.requireOwnPage(request)
            return try Self.withCookie(try await login.handler(request), request, parts.time.now())
        }
    }

    /// Open: the cookie is the proof.
    private var renew: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/auth/browser/refresh",
            operationID: "browserRefresh",
            metadata: Access(
                .open,
                operation: Operation(
                    "auth",
                    "New tokens for the cookie's; 204 where there is no session in this browser.",
                    body: .json(.object([])),
                    renewal.metadata.operation.answer,
                    others: [204]
                )
            ),
            bodyLimit: 1_024
        ) { [renewal, parts] request in
            try Self.requireOwnPage(request)
            try await Self.expectNothing(request)
            guard let token = request.headers.cookie(Self.cookie) else { return Response(.noContent) }
            var inner = request
            inner[ReadBody.self] = ReadBody(octets: Self.body(token))
            do {
                return try Self.withCookie(try await renewal.handler(inner), request, parts.time.now())
            } catch let refusal as IdentityRefusal where refusal == .invalidToken || refusal == .tokenReused {
                // The session is over: the browser forgets it, and there is nothing to be told about it.
                var response = Response(.noContent)
                response.headers.add("set-cookie", Self.setCookie("", maximumAge: 0, request))
                return response
            }
        }
    }

    /// Open: the cookie is the proof, and whoever has none is signed out already.
    private var signOut: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/auth/browser/logout",
            operationID: "browserLogout",
            metadata: Access(
                .open,
                operation: Operation(
                    "auth",
                    "Ends the session of this browser.",
                    body: .json(.object([])),
                    status: 204,
                    .empty
                )
            ),
            bodyLimit: 1_024
        ) { [parts] request in
            try Self.requireOwnPage(request)
            try await Self.expectNothing(request)
            if let token = request.headers.cookie(Self.cookie) {
                do {
                    try await parts.accounts.logOut(refreshToken: token, from: request.origin)
                } catch IdentityRefusal.invalidToken, IdentityRefusal.tokenReused {
                    // It was over.
                }
            }
            var response = Response(.noContent)
            response.headers.add("set-cookie", Self.setCookie("", maximumAge: 0, request))
            return response
        }
    }

    /// `{}`: there is nothing to say, but a form of a foreign page cannot say it.
    private static func expectNothing(_ request: Request) async throws {
        var nothing: Void = ()
        try InputShape<Void>([]).apply(try await request.payload(), to: &nothing, isWhole: true)
    }

    // MARK: - The cookie

    /// SameSite keeps other sites' pages away; this tells them apart where a browser would not, such as other subdomains.
    static func requireOwnPage(_ request: Request) throws(Problem) {
        if let site = request.headers["sec-fetch-site"], site != "same-origin" { throw .forbidden }
        guard LiveDependencies.allows(request.headers["origin"], request, []) else { throw .forbidden }
    }

    /// Moves the refresh token of an answer into its cookie.
    private static func withCookie(_ answer: Response, _ request: Request, _ now: Timestamp) throws -> Response {
        guard case .octets(let octets) = answer.body else { return answer }
        let (body, token, expiry) = try takeToken(octets)
        var response = answer
        response.body = .octets(body)
        let seconds = max(0, (expiry.microseconds - now.microseconds) / 1_000_000)
        response.headers.add("set-cookie", setCookie(token, maximumAge: seconds, request))
        return response
    }

    /// `{"data":{…}}` without `refresh_token`; the token, and when it is over.
    static func takeToken(_ octets: [UInt8]) throws(JSONError) -> (body: [UInt8], token: String, expiry: Timestamp) {
        var reader = JSONReader(octets)
        var writer = JSONWriter(capacity: octets.count)
        var token: String?
        var expiry: Timestamp?
        writer.beginObject()
        try reader.readObject { reader, name throws(JSONError) in
            guard name == "data" else { return try reader.skipValue() }
            writer.key("data")
            writer.beginObject()
            try reader.readObject { reader, name throws(JSONError) in
                if name == "refresh_token" {
                    token = try reader.readString()
                    return
                }
                let value = Array(try reader.rawValue())
                if name == "refresh_expires_at" {
                    var text = JSONReader(value)
                    expiry = Timestamp(try text.readString())
                }
                writer.key(string: name)
                writer.raw(value)
            }
            writer.endObject()
        }
        writer.endObject()
        guard let token else { throw .missingMember("refresh_token") }
        guard let expiry else { throw .missingMember("refresh_expires_at") }
        return (writer.finish(), token, expiry)
    }

    private static func body(_ token: String) -> [UInt8] {
        var writer = JSONWriter(capacity: token.utf8.count + 32)
        writer.beginObject()
        writer.key("refresh_token")
        writer.value(token)
        writer.endObject()
        return writer.finish()
    }

    static func setCookie(_ token: String, maximumAge: Int64, _ request: Request) -> HeaderValue {
        let secure = request.isSecure ? "; Secure" : ""
        return HeaderValue(
            withoutControls:
                "\(cookie)=\(token); Path=\(path); Max-Age=\(maximumAge); HttpOnly; SameSite=Strict\(secure)"
        )
    }
}
