/// What answers a request.
package typealias RouteHandler = @Sendable (Request) async throws -> Response

/// What stands around the handlers of a router: it may answer itself, or change the request or the answer.
package typealias RouteLayer<Metadata: Sendable> =
    @Sendable (Request, Route<Metadata>, @escaping RouteHandler) async throws -> Response

/// What answers a method on the paths of a pattern. `Metadata` is whatever the service knows of a route beside: its
/// permission, its documentation.
package struct Route<Metadata: Sendable>: Sendable {
    package let method: HTTPMethod
    package let pattern: PathPattern
    /// Its name in OpenAPI, unique in its router.
    package let operationID: String
    package let metadata: Metadata
    /// Octets of a body; nil: the server's limit.
    package var bodyLimit: Int?
    /// For the handler; nil: the server's time.
    package var handlerTime: Duration?
    /// For the body; nil: the server's time.
    package var bodyTime: Duration?
    package let handler: RouteHandler

    package init(
        _ method: HTTPMethod,
        _ pattern: PathPattern,
        operationID: String,
        metadata: Metadata,
        bodyLimit: Int? = nil,
        handlerTime: Duration? = nil,
        bodyTime: Duration? = nil,
        handler: @escaping RouteHandler
    ) {
        self.method = method
        self.pattern = pattern
        self.operationID = operationID
        self.metadata = metadata
        self.bodyLimit = bodyLimit
        self.handlerTime = handlerTime
        self.bodyTime = bodyTime
        self.handler = handler
    }
}

extension Route where Metadata == Void {
    /// A route of which nothing else is known.
    package init(
        _ method: HTTPMethod,
        _ pattern: PathPattern,
        operationID: String,
        bodyLimit: Int? = nil,
        handlerTime: Duration? = nil,
        bodyTime: Duration? = nil,
        handler: @escaping RouteHandler
    ) {
        self.init(
            method,
            pattern,
            operationID: operationID,
            metadata: (),
            bodyLimit: bodyLimit,
            handlerTime: handlerTime,
            bodyTime: bodyTime,
            handler: handler
        )
    }
}
