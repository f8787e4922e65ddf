import Observability

/// The routes of a service, and what is answered where none is meant.
///
/// 404 where no pattern takes the path, 405 with `Allow` where one does but not the method. HEAD is answered by GET.
package struct Router<Metadata: Sendable>: Sendable {
    /// What becomes an answer by its error: everything that is no `Problem` and no `RequestBodyError`.
    package typealias ErrorMapper = @Sendable (any Error, Request) -> Problem

    /// Every route, in the order of registration.
    package let routes: [Route<Metadata>]
    /// Their handlers with the layers around.
    private let handlers: [RouteHandler]
    private var tree = RouteTree()
    /// Routes of the same paths, by method.
    private var sets: [[HTTPMethod: Int]] = []
    private let options: (@Sendable (Request, [HTTPMethod]) async -> Response)?
    private let onError: ErrorMapper

    /// Throws where two routes are one or have one name, or a path could be read in two ways. The first of `layers` is
    /// the outermost. `options` answers OPTIONS, with the methods of the path (none for `*`), where no route does;
    /// without it they are told in `Allow`.
    package init(
        _ routes: [Route<Metadata>],
        layers: [RouteLayer<Metadata>] = [],
        options: (@Sendable (Request, [HTTPMethod]) async -> Response)? = nil,
        onError: @escaping ErrorMapper = { _, _ in Problem(.internalServerError, code: "internal") }
    ) throws(RouteError) {
        self.routes = routes
        handlers = routes.map { route in
            var handler = route.handler
            for layer in layers.reversed() {
                let next = handler
                handler = { try await layer($0, route, next) }
            }
            return handler
        }
        self.options = options
        self.onError = onError
        var names: Set<String> = []
        for (index, route) in routes.enumerated() {
            guard names.insert(route.operationID).inserted else { throw .duplicateOperation(route.operationID) }
            let place = try tree.place(route.pattern, next: sets.count)
            if place == sets.count { sets.append([:]) }
            guard sets[place].updateValue(index, forKey: route.method) == nil else {
                throw .duplicate(method: route.method.name, pattern: route.pattern.description)
            }
        }
    }

    /// What a method and a path mean.
    package enum Match: Sendable {
        case route(Route<Metadata>, PathParameters)
        case notAllowed([HTTPMethod])
        case notFound
    }

    /// Finds the route of a method on a path's segments.
    package func match(_ method: HTTPMethod, _ segments: [String]) -> Match {
        switch find(method, segments) {
        case .route(let index, let parameters): .route(routes[index], parameters)
        case .notAllowed(let methods): .notAllowed(methods)
        case .notFound: .notFound
        }
    }

    private enum Place {
        case route(Int, PathParameters)
        case notAllowed([HTTPMethod])
        case notFound
    }

    private func find(_ method: HTTPMethod, _ segments: [String]) -> Place {
        guard let (place, parameters) = tree.find(segments) else { return .notFound }
        let set = sets[place]
        if let index = set[method] ?? (method == .head ? set[.get] : nil) { return .route(index, parameters) }
        return .notAllowed(Self.allowed(set))
    }

    private static func allowed(_ set: [HTTPMethod: Int]) -> [HTTPMethod] {
        var methods = Set(set.keys)
        if methods.contains(.get) { methods.insert(.head) }
        methods.insert(.options)
        return methods.sorted()
    }

    /// Answers the request. What a handler throws becomes a problem; a client that is gone gets nothing.
    package func respond(to request: Request) async -> Response {
        guard !request.target.isAsterisk else { return await answerOptions(request, []) }
        switch find(request.method, request.target.segments) {
        case .notFound: return Problem(.notFound, code: "not_found").response(to: request)
        case .notAllowed(let methods):
            if request.method == .options { return await answerOptions(request, methods) }
            var problem = Problem(.methodNotAllowed, code: "method_not_allowed")
            problem.headers["allow"] = Self.allow(methods)
            return problem.response(to: request)
        case .route(let index, let parameters): return await run(index, request, parameters)
        }
    }

    private func run(_ index: Int, _ request: Request, _ parameters: PathParameters) async -> Response {
        let route = routes[index]
        var request = request
        request.parameters = parameters
        request.control.name(route.pattern.description)
        request.control.allow(handler: route.handlerTime, body: route.bodyTime)
        if let limit = route.bodyLimit { request.body.limit(to: limit) }
        do {
            return try await handlers[index](request)
        } catch let problem as Problem {
            return problem.response(to: request)
        } catch let error as RequestBodyError {
            return (Problem(error) ?? Problem(.badRequest, code: "disconnected")).response(to: request)
        } catch {
            return onError(error, request).response(to: request)
        }
    }

    private func answerOptions(_ request: Request, _ methods: [HTTPMethod]) async -> Response {
        if let options { return await options(request, methods) }
        var response = Response(.noContent)
        if !methods.isEmpty { response.headers["allow"] = Self.allow(methods) }
        return response
    }

    private static func allow(_ methods: [HTTPMethod]) -> HeaderValue {
        HeaderValue(withoutControls: methods.map(\.name).joined(separator: ", "))
    }
}
