import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Signing in and out, and the links that work once. What is guessed at here is limited by address (IAM-29).
struct AuthRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "auth")
    private let naming: TenantNaming

    init(_ parts: Parts, _ naming: TenantNaming) {
        self.parts = parts
        self.naming = naming
    }

    var routes: [GatewayRoute] {
        [login, refresh, logout, logoutEverywhere, forgot, reset, verify, keys]
    }

    // MARK: - Tokens

    private static let tokens = Schema.object([
        .init("access_token", .text()), .init("token_type", .choice(["Bearer"])),
        .init("expires_in", .integer(0...Int64.max)),
        .init("access_expires_at", .time), .init("refresh_token", .text()), .init("refresh_expires_at", .time),
        .init("session_id", .uuid), .init("user", AccountViews.user.schema),
    ])

    private static func answer(_ signedIn: SignedIn) -> Response {
        var response = Response.data { json in
            json.beginObject()
            json.pair("access_token", signedIn.accessToken)
            json.pair("token_type", "Bearer")
            json.pair("expires_in", signedIn.expiresIn.components.seconds)
            json.pair("access_expires_at", signedIn.accessExpiresAt.description)
            json.pair("refresh_token", signedIn.refreshToken)
            json.pair("refresh_expires_at", signedIn.refreshExpiresAt.description)
            json.pair("session_id", signedIn.sessionID.description)
            json.key("user")
            AccountViews.user.write(signedIn.user, to: &json)
            json.endObject()
        }
        response.isCompressible = false
        return response
    }

    private struct LoginInput: Sendable {
        var tenant: String?
        var email = ""
        var password = ""
        var code: String?
        var solution: String?
        var pending: String?

        static let shape = InputShape<LoginInput>([
            InputField("tenant", .text(63, minimum: 1), clearable: \.tenant),
            InputField("email", .text(254, minimum: 1), \.email, isRequired: true),
            InputField("password", .text(1_000, minimum: 1), \.password, isRequired: true),
            InputField("code", .text(64), clearable: \.code),
            InputField("solution", .text(1_000), clearable: \.solution),
            InputField("pending", .text(400), clearable: \.pending),
        ])
    }

    /// Open: whoever signs in has proven nothing yet.
    var login: GatewayRoute {
        open(
            "/api/v1/auth/login",
            "login",
            "Signs in with an e-mail address and a password, and a code where one is wanted.",
            LoginInput.shape.schema(isWhole: true),
            .data(Self.tokens)
        ) { request in
            var input = LoginInput()
            try LoginInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let tenant = try await naming.tenant(of: request, called: input.tenant)
            let attempt = SignIn(
                tenant: tenant,
                email: input.email,
                password: input.password,
                code: input.code,
                solution: input.solution,
                pending: input.pending
            )
            do {
                return Self.answer(try await parts.accounts.signIn(attempt, from: request.origin))
            } catch let refusal as IdentityRefusal {
                try await note(refusal, tenant, request, email: input.email)
                throw refusal
            }
        }
    }

    /// A refusal in a word; what it carries is for whoever asked.
    private static func reason(_ refusal: IdentityRefusal) -> String {
        switch refusal {
        case .challengeRequired: "challengeRequired"
        case .secondFactorChoice: "secondFactorRequired"
        default: "\(refusal)"
        }
    }

    /// Logins that failed stand in the audit trail too (IAM-32); those that worked were put on record with their session.
    private func note(_ refusal: IdentityRefusal, _ tenant: TenantID, _ request: Request, email: String) async throws {
        let origin = request.origin
        let entry = AuditEntry(
            id: parts.ids.next(),
            tenantID: tenant,
            origin: AuditOrigin(
                actor: .anonymous,
                address: origin.address,
                userAgent: origin.userAgent,
                requestID: request.id
            ),
            action: .failedLogin,
            resource: AuditResource("user"),
            outcome: .refused,
            reason: Self.reason(refusal),
            change: .created(["email": .text(email)]),
            time: parts.time.now()
        )
        do {
            try await parts.audit.record(entry)
        } catch is PersistenceError {
            // A tenant that is not there has no trail; nobody learns that from here.
        }
    }

    private struct RefreshInput: Sendable {
        var token = ""
        static let shape = InputShape([
            InputField("refresh_token", .text(512, minimum: 1), \RefreshInput.token, isRequired: true)
        ])
    }

    /// Open: the refresh token is the proof.
    var refresh: GatewayRoute {
        open(
            "/api/v1/auth/refresh",
            "refresh",
            "Gives new tokens for a refresh token, which works once.",
            RefreshInput.shape.schema(isWhole: true),
            .data(Self.tokens),
            limit: .usual
        ) { request in
            var input = RefreshInput()
            try RefreshInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            return Self.answer(try await parts.accounts.refresh(input.token, from: request.origin))
        }
    }

    private var logout: GatewayRoute {
        group.route(
            .post,
            "/api/v1/auth/logout",
            "logout",
            .signedIn,
            "Ends the session of this token.",
            status: 204,
            answer: .empty
        ) { _, caller in
            try await parts.accounts.logOut(caller.principal, from: caller.origin)
            return Response(.noContent)
        }
    }

    private var logoutEverywhere: GatewayRoute {
        let answer = Schema.object([.init("ended", .integer(0...Int64.max))])
        return group.route(
            .post,
            "/api/v1/auth/logout-everywhere",
            "logoutEverywhere",
            .signedIn,
            "Ends every session of one's own, this one too; API keys are none and work on.",
            answer: .data(answer)
        ) { _, caller in
            let ended = try await parts.accounts.logOutEverywhere(
                caller.principal,
                keepingThis: false,
                from: caller.origin
            )
            return Response.data { json in
                json.beginObject()
                json.pair("ended", ended)
                json.endObject()
            }
        }
    }

    // MARK: - Links

    private struct ForgotInput: Sendable {
        var tenant: String?
        var email = ""
        static let shape = InputShape<ForgotInput>([
            InputField("tenant", .text(63, minimum: 1), clearable: \.tenant),
            InputField("email", .text(254, minimum: 1), \.email, isRequired: true),
        ])
    }

    /// Open, and says the same to everybody: nobody learns who has an account.
    private var forgot: GatewayRoute {
        open(
            "/api/v1/auth/password/forgot",
            "requestPasswordReset",
            "Sends a link to choose a new password, where there is such an account.",
            ForgotInput.shape.schema(isWhole: true),
            .empty,
            status: 202
        ) { request in
            var input = ForgotInput()
            try ForgotInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let tenant = try await naming.tenant(of: request, called: input.tenant)
            try await parts.accounts.requestPasswordReset(tenant: tenant, email: input.email, from: request.origin)
            return Response(.accepted)
        }
    }

    private struct ResetInput: Sendable {
        var token = ""
        var password = ""
        /// Of who was invited.
        var name: String?
        static let shape = InputShape<ResetInput>([
            InputField("token", .text(512, minimum: 1), \.token, isRequired: true),
            InputField("password", .text(1_000, minimum: 1), \.password, isRequired: true),
            InputField("name", .text(200, minimum: 1), clearable: \.name),
        ])
    }

    /// Open: the link is the proof. It is an invitation's and the first administrator's way in, too.
    private var reset: GatewayRoute {
        open(
            "/api/v1/auth/password/reset",
            "resetPassword",
            "Chooses a password with a link that works once; who was invited may say what he is called.",
            ResetInput.shape.schema(isWhole: true),
            .empty,
            status: 204
        ) { request in
            var input = ResetInput()
            try ResetInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            try await parts.accounts.completePasswordReset(
                input.token,
                password: input.password,
                name: input.name,
                from: request.origin
            )
            return Response(.noContent)
        }
    }

    private struct VerifyInput: Sendable {
        var token = ""
        static let shape = InputShape([
            InputField("token", .text(512, minimum: 1), \VerifyInput.token, isRequired: true)
        ])
    }

    /// Open: the link is the proof.
    private var verify: GatewayRoute {
        open(
            "/api/v1/auth/verify-email",
            "verifyEmail",
            "Shows with a link that mail to an address arrives.",
            VerifyInput.shape.schema(isWhole: true),
            .empty,
            status: 204
        ) { request in
            var input = VerifyInput()
            try VerifyInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            try await parts.accounts.verifyEmail(input.token, from: request.origin)
            return Response(.noContent)
        }
    }

    /// Open: public keys are for everybody.
    private var keys: GatewayRoute {
        GatewayRoute(
            .get,
            "/.well-known/jwks.json",
            operationID: "getSigningKeys",
            metadata: Access(
                .open,
                operation: Operation(
                    "auth",
                    "The keys that access tokens are verified with (RFC 7517).",
                    .plain(.object([.init("keys", .list(.object([], isOpen: true)))]))
                )
            )
        ) { _ in
            var response = Response.json(parts.accounts.keys.jwks())
            response.headers["cache-control"] = "public, max-age=300"
            return response
        }
    }

    // MARK: - Kinds of routes

    private func open(
        _ path: PathPattern,
        _ operationID: String,
        _ summary: String,
        _ body: Schema,
        _ answer: Operation.Answer,
        status: Int = 200,
        limit: Access.Limit = .login,
        _ handler: @escaping RouteHandler
    ) -> GatewayRoute {
        GatewayRoute(
            .post,
            path,
            operationID: operationID,
            metadata: Access(
                .open,
                limit: limit,
                operation: Operation("auth", summary, body: .json(body), status: status, answer)
            ),
            bodyLimit: 16_384,
            handler: handler
        )
    }
}
