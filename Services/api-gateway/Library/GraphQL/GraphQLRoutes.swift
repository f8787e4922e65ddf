import GraphQL
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Reads of several lists at once, for reports (API-09). Nothing is changed here, and what REST puts on record when
/// it is read is put on record here.
struct GraphQLRoutes {
    /// Media types of answers, the one that is meant where nothing is said first.
    static let types = ["application/graphql-response+json", "application/json"]

    private let parts: Parts
    private let catalogue: GraphQLCatalogue

    init(_ parts: Parts) {
        self.parts = parts
        catalogue = GraphQLCatalogue()
    }

    var routes: [GatewayRoute] { [post, get, schema] }

    // MARK: - Requests

    private struct Input: Sendable {
        var query = ""
        var operationName: String?
        var variables: JSONValue?
        /// Taken and passed over: nobody's business here.
        var extensions: JSONValue?

        static let shape = InputShape([
            InputField("query", .text(GraphQLLimits.octets, minimum: 1), \Input.query, isRequired: true),
            InputField("operationName", .text(100), clearable: \.operationName),
            InputField("variables", .map, clearable: \.variables),
            InputField("extensions", .map, clearable: \.extensions),
        ])

        init(_ body: JSONValue) throws(Problem) {
            try Self.shape.apply(body, to: &self, isWhole: true)
        }
    }

    private var post: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/graphql",
            operationID: "postGraphQL",
            metadata: Access(
                // Each root field asks for its own permission.
                .signedIn,
                operation: Operation(
                    "graphql",
                    "Answers a GraphQL query.",
                    body: .json(Input.shape.schema(isWhole: true)),
                    .graphQL(Self.answer)
                )
            ),
            bodyLimit: 65_536
        ) { request in try await answer(try Input(try await request.payload()), request) }
    }

    private var get: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/graphql",
            operationID: "queryGraphQL",
            metadata: Access(
                .signedIn,
                operation: Operation(
                    "graphql",
                    "Answers a GraphQL query.",
                    parameters: [
                        .init("query", .text(GraphQLLimits.octets), "The document.", isRequired: true),
                        .init("operationName", .text(maximum: 100), "Which of its operations."),
                        .init("variables", .text(), "A JSON object."), .init("extensions", .text(), "A JSON object."),
                    ],
                    .graphQL(Self.answer)
                )
            )
        ) { request in
            var members: [String: JSONValue] = [:]
            for name in ["query", "operationName"] { members[name] = request.query[name].map { .text($0) } }
            for name in ["variables", "extensions"] {
                guard let text = request.query[name] else { continue }
                guard let value = try? JSONValue(Array(text.utf8)) else {
                    throw Problem.invalid(name, "must be a JSON object")
                }
                members[name] = value
            }
            return try await answer(try Input(.object(members)), request)
        }
    }

    private var schema: GatewayRoute {
        let text = catalogue.schema.sdl
        return GatewayRoute(
            .get,
            "/api/v1/graphql/schema",
            operationID: "getGraphQLSchema",
            metadata: Access(
                .signedIn,
                operation: Operation(
                    "graphql",
                    "The schema in the type system definition language.",
                    .other(["text/plain"])
                )
            )
        ) { _ in .text(text) }
    }

    // MARK: - Answers

    private static let answer = Schema.object([
        .init("data", .object([], isOpen: true), isRequired: false),
        .init(
            "errors",
            .list(
                .object([
                    .init("message", .text()),
                    .init(
                        "locations",
                        .list(.object([.init("line", .integer(1...65_536)), .init("column", .integer(1...65_536))])),
                        isRequired: false
                    ),
                    .init("path", .list(.text()), isRequired: false),
                    .init("extensions", .object([.init("code", .text())])),
                ])
            ),
            isRequired: false
        ),
    ])

    private func answer(_ input: Input, _ request: Request) async throws -> Response {
        var variables: [String: GraphQLValue] = [:]
        if case .object(let members)? = input.variables { variables = members.mapValues { GraphQLValue($0) } }
        let plan: QueryPlan
        do throws(GraphQLError) {
            plan = try QueryPlan(
                input.query,
                operation: input.operationName,
                variables: variables,
                schema: catalogue.schema
            )
        } catch {
            var json = JSONWriter()
            json.beginObject()
            GraphQLFailure.write([GraphQLFailure(message: error.message, locations: error.locations)], to: &json)
            json.endObject()
            return Self.response(json.finish(), to: request, status: .badRequest)
        }
        let reads = plan.fields.count { !$0.isIntrospection && $0.name != "__typename" }
        if reads > 1 { try await request[FurtherRequests.self]?.take(reads - 1) }
        let executor = GraphQLExecutor(catalogue: catalogue, parts: parts)
        return Self.response(try await executor.answer(plan, to: request), to: request)
    }

    /// In the type that the client takes; the newer one where he takes both, or anything.
    private static func response(_ body: [UInt8], to request: Request, status: HTTPStatus = .ok) -> Response {
        let taken = request.headers.list("accept").map { item in
            item.prefix { $0 != ";" && $0 != " " }.lowercased()
        }
        let isOld = !taken.contains(types[0]) && taken.contains(types[1])
        return Response(
            status,
            contentType: isOld ? "application/json" : "application/graphql-response+json",
            body: .octets(body)
        )
    }
}

extension InputKind where Value == JSONValue {
    /// An object of any members.
    fileprivate static var map: InputKind {
        InputKind(.object([], isOpen: true), "an object") { value in
            if case .object = value { value } else { nil }
        }
    }
}

extension GraphQLValue {
    /// A variable's value. A number that is no whole one of 64 bits is a float.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .boolean(flag)
        case .number(let text): self = Int64(text).map { .int($0) } ?? .float(Double(text) ?? .infinity)
        case .text(let text): self = .string(text)
        case .list(let values): self = .list(values.map { GraphQLValue($0) })
        case .object(let members): self = .object(members.mapValues { GraphQLValue($0) })
        }
    }
}
