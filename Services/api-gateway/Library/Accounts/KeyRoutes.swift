import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// API keys: for oneself, or for whom one manages (IAM-11). A key's text is told once.
struct KeyRoutes {
    private let accounts: Accounts
    private let parts: Parts
    private let group = RouteGroup(tag: "api keys")

    init(_ parts: Parts) {
        accounts = parts.accounts
        self.parts = parts
    }

    var routes: [GatewayRoute] { [list, one, create, rotate, revoke, export] }

    private static let issued = Schema.object([.init("key", AccountViews.key.schema), .init("text", .text())])

    private var list: GatewayRoute {
        group.route(
            .get,
            "/api/v1/api-keys",
            "listAPIKeys",
            .signedIn,
            "A page of keys, in the order they were made: one's own, or with api_keys.read everyone's within reach.",
            parameters: [
                .init("user_id", .uuid, "Whose; one's own without the permission to see more.")
            ] + Operation.paging,
            answer: .page(AccountViews.key.schema)
        ) { request, caller in
            let limit = try request.limit()
            let mayReadAll = caller.principal.permissions.contains(.apiKeysRead)
            let keys = try await accounts.apiKeys(
                of: try request.queryID("user_id") ?? (mayReadAll ? nil : caller.principal.userID),
                after: try request.queryID("cursor"),
                limit: limit + 1,
                by: caller.principal
            )
            return Response.page(of: keys, limit: limit, for: request, cursor: { $0.id.description }) {
                AccountViews.key.write($1, to: &$0)
            }
        }
    }

    private var export: GatewayRoute {
        group.route(
            .get,
            "/api/v1/api-keys/export",
            "exportAPIKeys",
            .permissions([.apiKeysRead, .exportsCreate]),
            "Everyone's keys within reach as a file: what they may and when they were used, never what they are.",
            parameters: [ExportFormat.parameter],
            answer: .other(ExportFormat.contentTypes)
        ) { request, caller in
            let format = try ExportFormat(request)
            try await parts.recordRead(caller, .export, AuditResource("api_key"))
            let keys = ViewExport(view: AccountViews.key, format: format.text ?? .csv) { [accounts] last, limit in
                try await accounts.apiKeys(after: last?.id, limit: limit, by: caller.principal)
            }
            let standing = ExportStanding(request, needs: [.apiKeysRead, .exportsCreate])
            return try await parts.file(keys, "api_keys", format, heading: keys.names, standing)
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/api/v1/api-keys/{id:uuid}",
            "getAPIKey",
            .signedIn,
            "One key, one's own or with api_keys.read within reach.",
            answer: .data(AccountViews.key.schema)
        ) { request, caller in
            AccountViews.key.answer(try await accounts.apiKey(APIKeyID(try request.pathID()), by: caller.principal))
        }
    }

    private struct Input: Sendable {
        var owner: UserID?
        var name = ""
        var scopes: [Set<Permission>] = []
        var addresses: [IPPrefix] = []
        var expiresAt: Timestamp?

        static let shape = InputShape<Input>([
            InputField("name", .text(100, minimum: 1), \.name, isRequired: true),
            InputField("scopes", InputKind.permissions.list(200, minimum: 1), \.scopes, isRequired: true),
            InputField("addresses", InputKind.prefix.list(64), \.addresses),
            InputField("expires_at", .time, clearable: \.expiresAt),
            InputField("user_id", .id(), clearable: \.owner),
        ])
    }

    private var create: GatewayRoute {
        group.route(
            .post,
            "/api/v1/api-keys",
            "createAPIKey",
            .permission(.apiKeysCreate),
            "Makes a key; its text is told in this answer and never again.",
            body: Input.shape.schema(isWhole: true),
            status: 201,
            answer: .data(Self.issued),
            repetition: .keyedSecret
        ) { request, caller in
            var input = Input()
            try Input.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = NewAPIKey(
                owner: input.owner,
                name: input.name,
                scopes: input.scopes.reduce(into: []) { $0.formUnion($1) },
                addresses: input.addresses,
                expiresAt: input.expiresAt
            )
            let issued = try await accounts.createAPIKey(wanted, by: caller.principal, from: caller.origin) {
                try await request.keep(Self.answer($1), in: $0)
            }
            request.markKept()
            return Self.answer(issued)
        }
    }

    private struct RotateInput: Sendable {
        var overlap = 0
        static let shape = InputShape([InputField("overlap_seconds", .whole(0...2_592_000), \RotateInput.overlap)])
    }

    private var rotate: GatewayRoute {
        group.route(
            .post,
            "/api/v1/api-keys/{id:uuid}/rotate",
            "rotateAPIKey",
            .permission(.apiKeysCreate),
            "Makes a key in another's place, which works for overlap_seconds longer.",
            body: RotateInput.shape.schema(isWhole: true),
            status: 201,
            answer: .data(Self.issued),
            repetition: .keyedSecret
        ) { request, caller in
            let id = APIKeyID(try request.pathID())
            var input = RotateInput()
            try RotateInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let issued = try await accounts.rotateAPIKey(
                id,
                overlap: .seconds(input.overlap),
                by: caller.principal,
                from: caller.origin
            ) { try await request.keep(Self.answer($1), in: $0) }
            request.markKept()
            return Self.answer(issued)
        }
    }

    private var revoke: GatewayRoute {
        group.route(
            .delete,
            "/api/v1/api-keys/{id:uuid}",
            "revokeAPIKey",
            .signedIn,
            "Takes a key away: one's own, or with api_keys.revoke of whom one manages.",
            status: 204,
            answer: .empty
        ) { request, caller in
            let id = APIKeyID(try request.pathID())
            try await accounts.revokeAPIKey(id, by: caller.principal, from: caller.origin)
            return Response(.noContent)
        }
    }

    private static func answer(_ issued: IssuedAPIKey) -> Response {
        var response = Response.data(status: .created) { json in
            json.beginObject()
            json.key("key")
            AccountViews.key.write(issued.key, to: &json)
            json.pair("text", issued.text)
            json.endObject()
        }
        response.headers["location"] = HeaderValue(withoutControls: "/api/v1/api-keys/\(issued.key.id)")
        response.isCompressible = false
        return response
    }
}
