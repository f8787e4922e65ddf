import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// One's own account: name, password, sessions, second factor, e-mail address (IAM-08, G-01, G-16).
struct SelfRoutes {
    private let accounts: Accounts
    private let group = RouteGroup(tag: "auth")

    init(_ parts: Parts) { accounts = parts.accounts }

    var routes: [GatewayRoute] {
        [me, rename, sessions, endSession, changePassword, verifyEmail, enrol, confirm, renewCodes, disable]
    }

    private var me: GatewayRoute {
        group.route(
            .get,
            "/api/v1/auth/me",
            "getMe",
            .signedIn,
            "Who one is, and what one may.",
            answer: .data(AccountViews.user.schema)
        ) { _, caller in
            let user = try await accounts.me(caller.principal)
            return AccountViews.user.answer(user, version: user.stamp?.version)
        }
    }

    private struct NameInput: Sendable {
        var name = ""
        static let shape = InputShape([InputField("name", .text(200, minimum: 1), \NameInput.name, isRequired: true)])
    }

    private var rename: GatewayRoute {
        group.route(
            .patch,
            "/api/v1/auth/me",
            "renameMe",
            .signedIn,
            "Gives oneself another name.",
            body: NameInput.shape.schema(isWhole: true),
            answer: .data(AccountViews.user.schema)
        ) { request, caller in
            var input = NameInput()
            try NameInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let user = try await accounts.rename(caller.principal, to: input.name, from: caller.origin)
            return AccountViews.user.answer(user, version: user.stamp?.version)
        }
    }

    // MARK: - Sessions

    private var sessions: GatewayRoute {
        group.route(
            .get,
            "/api/v1/auth/sessions",
            "listMySessions",
            .signedIn,
            "Where one is signed in.",
            answer: .data(.list(AccountViews.session.schema))
        ) { _, caller in
            let sessions = try await accounts.sessions(by: caller.principal, from: caller.origin)
            return Response.data { json in
                json.beginArray()
                for session in sessions { AccountViews.session.write(session, to: &json) }
                json.endArray()
            }
        }
    }

    private var endSession: GatewayRoute {
        group.route(
            .delete,
            "/api/v1/auth/sessions/{id:uuid}",
            "endMySession",
            .signedIn,
            "Signs one device out.",
            status: 204,
            answer: .empty
        ) { request, caller in
            let id = LoginSessionID(try request.pathID())
            try await accounts.endSession(id, of: nil, by: caller.principal, from: caller.origin)
            return Response(.noContent)
        }
    }

    // MARK: - Password

    private struct PasswordInput: Sendable {
        var current = ""
        var password = ""
        static let shape = InputShape<PasswordInput>([
            InputField("current_password", .text(1_000, minimum: 1), \.current, isRequired: true),
            InputField("password", .text(1_000, minimum: 1), \.password, isRequired: true),
        ])
    }

    private var changePassword: GatewayRoute {
        group.route(
            .post,
            "/api/v1/auth/password",
            "changePassword",
            .signedIn,
            "Chooses another password; other sessions end.",
            body: PasswordInput.shape.schema(isWhole: true),
            status: 204,
            answer: .empty,
            limit: .login
        ) { request, caller in
            var input = PasswordInput()
            try PasswordInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            try await accounts.changePassword(
                caller.principal,
                current: input.current,
                to: input.password,
                from: caller.origin
            )
            return Response(.noContent)
        }
    }

    private var verifyEmail: GatewayRoute {
        group.route(
            .post,
            "/api/v1/auth/verify-email/request",
            "requestEmailVerification",
            .signedIn,
            "Sends a link that shows that mail to one's address arrives.",
            status: 202,
            answer: .empty
        ) { _, caller in
            try await accounts.requestEmailVerification(caller.principal, from: caller.origin)
            return Response(.accepted)
        }
    }

    // MARK: - Second factor

    private struct ProofInput: Sendable {
        var password = ""
        var code = ""
        static let password = InputShape<ProofInput>([
            InputField("password", .text(1_000, minimum: 1), \.password, isRequired: true)
        ])
        static let code = InputShape<ProofInput>([InputField("code", .text(64, minimum: 1), \.code, isRequired: true)])
        static let both = InputShape<ProofInput>(password.fields + code.fields)
    }

    private var enrol: GatewayRoute {
        let answer = Schema.object([.init("secret", .text()), .init("otpauth", .text())])
        return proving(
            .password,
            "/api/v1/auth/mfa/totp/enrol",
            "enrolTOTP",
            "Begins with an authenticator; the secret is told in this answer.",
            .data(answer)
        ) {
            input,
            caller in
            let enrolment = try await accounts.enrolTOTP(
                caller.principal,
                password: input.password,
                from: caller.origin
            )
            return Response.data { json in
                json.beginObject()
                json.pair("secret", enrolment.secret)
                json.pair("otpauth", enrolment.address)
                json.endObject()
            }
        }
    }

    private static let codes = Schema.object([.init("recovery_codes", .list(.text()))])

    private static func answer(_ codes: [String]) -> Response {
        Response.data { json in
            json.beginObject()
            json.pair("recovery_codes", codes)
            json.endObject()
        }
    }

    private var confirm: GatewayRoute {
        proving(
            .code,
            "/api/v1/auth/mfa/totp/verify",
            "confirmTOTP",
            "Ends the enrolment with a code; recovery codes are told once.",
            .data(Self.codes)
        ) {
            input,
            caller in
            let codes = try await accounts.confirmTOTP(caller.principal, code: input.code, from: caller.origin)
            return Self.answer(codes)
        }
    }

    private var renewCodes: GatewayRoute {
        proving(
            .password,
            "/api/v1/auth/mfa/recovery-codes",
            "renewRecoveryCodes",
            "New recovery codes; the old ones work no more.",
            .data(Self.codes)
        ) {
            input,
            caller in
            let codes = try await accounts.renewRecoveryCodes(
                caller.principal,
                password: input.password,
                from: caller.origin
            )
            return Self.answer(codes)
        }
    }

    private var disable: GatewayRoute {
        proving(.both, "/api/v1/auth/mfa/totp/disable", "disableTOTP", "Ends the second factor.", .empty, status: 204) {
            input,
            caller in
            try await accounts.disableTOTP(
                caller.principal,
                password: input.password,
                code: input.code,
                from: caller.origin
            )
            return Response(.noContent)
        }
    }

    // MARK: - Kinds of routes

    private enum Proof { case password, code, both }

    private func proving(
        _ proof: Proof,
        _ path: String,
        _ operationID: String,
        _ summary: String,
        _ answer: Operation.Answer,
        status: Int = 200,
        _ handler: @escaping @Sendable (ProofInput, Caller) async throws -> Response
    ) -> GatewayRoute {
        let shape =
            switch proof {
            case .password: ProofInput.password
            case .code: ProofInput.code
            case .both: ProofInput.both
            }
        return group.route(
            .post,
            path,
            operationID,
            .signedIn,
            summary,
            body: shape.schema(isWhole: true),
            status: status,
            answer: answer,
            limit: .login
        ) { request, caller in
            var input = ProofInput()
            try shape.apply(try await request.payload(), to: &input, isWhole: true)
            var response = try await handler(input, caller)
            response.isCompressible = false
            return response
        }
    }
}
