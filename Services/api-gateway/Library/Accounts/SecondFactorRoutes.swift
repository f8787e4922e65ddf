import Domain
import HTTPServer
import Identity
import WireFormat

/// Codes by SMS and e-mail as a second factor: where one has them sent, and that one is sent at a login (IAM-09).
struct SecondFactorRoutes {
    private let accounts: Accounts
    private let group = RouteGroup(tag: "auth")

    init(_ parts: Parts) { accounts = parts.accounts }

    var routes: [GatewayRoute] { [send, factors, enrol, confirm, disable] }

    // MARK: - Signing in

    private struct SendInput: Sendable {
        var pending = ""
        var way = CodeWay.email
        static let shape = InputShape<SendInput>([
            InputField("pending", .text(400, minimum: 1), \.pending, isRequired: true),
            InputField("channel", .choice(), \.way, isRequired: true),
        ])
    }

    /// Open: what the login answered is the proof that the password was shown.
    private var send: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/auth/login/code",
            operationID: "sendLoginCode",
            metadata: Access(
                .open,
                limit: .login,
                operation: Operation(
                    "auth",
                    "Sends a code to whoever has shown his password and is asked for a second factor.",
                    body: .json(SendInput.shape.schema(isWhole: true)),
                    status: 202,
                    .empty
                )
            ),
            bodyLimit: 16_384
        ) { [accounts] request in
            var input = SendInput()
            try SendInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            try await accounts.sendLoginCode(input.pending, by: input.way, from: request.origin)
            return Response(.accepted)
        }
    }

    // MARK: - One's own

    private static let answer = Schema.object([
        .init("totp", .boolean), .init("email", .boolean), .init("phone", .nullable(.text())),
        .init("recovery_codes_left", .integer(0...Int64.max)),
    ])

    private var factors: GatewayRoute {
        group.route(
            .get,
            "/api/v1/auth/mfa",
            "getMySecondFactors",
            .signedIn,
            "What one is asked for beside the password.",
            answer: .data(Self.answer)
        ) { _, caller in
            let factors = try await accounts.secondFactors(caller.principal)
            return Response.data { json in
                json.beginObject()
                json.pair("totp", factors.hasTOTP)
                json.pair("email", factors.takesCodesByEmail)
                json.key("phone")
                if let phone = factors.phone { json.value(phone) } else { json.null() }
                json.pair("recovery_codes_left", factors.recoveryCodesLeft)
                json.endObject()
            }
        }
    }

    private struct Input: Sendable {
        var password = ""
        var code = ""
        var phone: String?
        var way = CodeWay.email

        private static let password = InputField<Input>(
            "password",
            .text(1_000, minimum: 1),
            \.password,
            isRequired: true
        )
        private static let code = InputField<Input>("code", .text(64, minimum: 1), \.code, isRequired: true)
        private static let way = InputField<Input>("channel", .choice(), \.way, isRequired: true)
        static let enrolment = InputShape<Input>([
            password, way, InputField("phone", .text(32, minimum: 1), clearable: \.phone),
        ])
        static let confirmation = InputShape<Input>([code])
        static let end = InputShape<Input>([password, code, way])
    }

    private var enrol: GatewayRoute {
        taking(
            Input.enrolment,
            "/api/v1/auth/mfa/codes/enrol",
            "enrolCodes",
            "Begins with codes by e-mail or SMS: one is sent there.",
            .empty,
            status: 202
        ) { input, caller in
            try await accounts.enrolCodes(
                caller.principal,
                password: input.password,
                by: input.way,
                phone: input.phone,
                from: caller.origin
            )
            return Response(.accepted)
        }
    }

    private var confirm: GatewayRoute {
        taking(
            Input.confirmation,
            "/api/v1/auth/mfa/codes/verify",
            "confirmCodes",
            "Ends the enrolment with the code that was sent; recovery codes are told once, where there were none.",
            .data(Schema.object([.init("recovery_codes", .list(.text()))]))
        ) { input, caller in
            let codes = try await accounts.confirmCodes(caller.principal, code: input.code, from: caller.origin)
            return Response.data { json in
                json.beginObject()
                json.pair("recovery_codes", codes)
                json.endObject()
            }
        }
    }

    private var disable: GatewayRoute {
        taking(
            Input.end,
            "/api/v1/auth/mfa/codes/disable",
            "disableCodes",
            "Has codes go that way no more; takes the password and a code of the authenticator or a recovery code.",
            .empty,
            status: 204
        ) { input, caller in
            try await accounts.disableCodes(
                caller.principal,
                password: input.password,
                code: input.code,
                by: input.way,
                from: caller.origin
            )
            return Response(.noContent)
        }
    }

    private func taking(
        _ shape: InputShape<Input>,
        _ path: String,
        _ operationID: String,
        _ summary: String,
        _ answer: Operation.Answer,
        status: Int = 200,
        _ handler: @escaping @Sendable (Input, Caller) async throws -> Response
    ) -> GatewayRoute {
        group.route(
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
            var input = Input()
            try shape.apply(try await request.payload(), to: &input, isWhole: true)
            var response = try await handler(input, caller)
            response.isCompressible = false
            return response
        }
    }
}
