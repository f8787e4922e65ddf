import HTTPServer

/// Makes the routes of one tag: JSON in, JSON out, by somebody who has proven who he is.
struct RouteGroup: Sendable {
    private let tag: String
    private let prefix: String

    /// `tag` stands in the OpenAPI description; `prefix` before every path.
    init(tag: String, under prefix: String = "") {
        self.tag = tag
        self.prefix = prefix
    }

    func route(
        _ method: HTTPMethod,
        _ path: String,
        _ operationID: String,
        _ guarded: Access.Guard,
        _ summary: String,
        parameters: [Operation.Parameter] = [],
        body: Schema? = nil,
        status: Int = 200,
        answer: Operation.Answer,
        limit: Access.Limit = .usual,
        repetition: Access.Repetition = .unkeyed,
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            method,
            PathPattern(stringLiteral: prefix + path),
            operationID: operationID,
            metadata: Access(
                guarded,
                limit: limit,
                repetition: repetition,
                operation: Operation(
                    tag,
                    summary,
                    parameters: parameters,
                    body: body.map { .json($0) },
                    status: status,
                    answer
                )
            )
        ) { request in try await handler(request, try request.caller) }
    }
}
