import Domain
import Events
import HTTPServer
import Persistence
import WireFormat

/// Why a login gets its answer, as a running radius-server decides it: what `nexora explain` asks.
struct ExplainRoutes {
    private let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [explain] }

    private struct Question: Sendable {
        var tenant: TenantID?
        var login = LoginQuestion(username: "")

        static let shape = InputShape<Question>([
            InputField("tenant_id", .id(), clearable: \.tenant),
            InputField("username", .text(253, minimum: 1), \.login.username, isRequired: true),
            InputField("nas", .text(100), \.login.nas),
            InputField("calling_station_id", .text(253), \.login.callingStationID),
            InputField("method", .method, \.login.method),
            InputField("at", .time, clearable: \.login.at),
        ])
    }

    private var explain: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/explain",
            operationID: "explainLogin",
            metadata: Access(
                .permission(.explainRead),
                operation: Operation(
                    "radius",
                    "Each rule, value and source of a login's answer.",
                    body: .json(Question.shape.schema(isWhole: true)),
                    .data(.object([.init("server", .text())], isOpen: true))
                )
            )
        ) { request in
            var question = Question()
            try Question.shape.apply(try await request.payload(), to: &question, isWhole: true)
            let caller = try request.caller
            let tenant = try caller.principal.target(question.tenant)
            // The server knows every tenant: whether this one is the caller's is known here alone.
            try await parts.read(request) { transaction, _ in
                guard try await TenantRepository(transaction).find(tenant) != nil else {
                    throw Problem.invalid("/tenant_id", "is no tenant of yours", code: "not_found")
                }
            }
            try await parts.recordRead(
                caller,
                .read,
                AuditResource("explanation", nil as String?),
                of: tenant,
                detail: ["username": .text(question.login.username)]
            )
            let query = ExplainQuery(.explain, tenantID: tenant, logins: [question.login])
            let octets = try await parts.messages.ask(ExplainQuery.subject, query.json, within: .seconds(8))
            return try Self.answer(try ExplainAnswer(json: octets), octets)
        }
    }

    private static func answer(_ answer: ExplainAnswer, _ octets: [UInt8]) throws(Problem) -> Response {
        if case .refusal(let refusal) = answer.content {
            switch refusal.code {
            case .notFound: throw Problem(.notFound, code: "not_found", detail: refusal.message)
            case .invalid: throw .invalid("", refusal.message)
            case .busy, .notReady: throw .unavailable(refusal.message)
            }
        }
        return Response.data { $0.raw(octets) }
    }
}

extension InputKind where Value == String {
    /// How somebody logs in; none is PAP.
    fileprivate static var method: InputKind {
        let words = [
            "", "pap", "chap", "mschap", "mschapv2", "mac", "eap_md5", "eap_mschapv2", "eap",
        ]
        return InputKind(.choice(words), "one of \(words.dropFirst().joined(separator: ", "))") { value in
            value.text.flatMap { words.contains($0) ? $0 : nil }
        }
    }
}
