import HTTPServer
import SharedTesting
import Testing

@Suite struct RouterTests {
    private func router(_ patterns: [(HTTPMethod, String)]) throws -> Router<String> {
        let routes = try patterns.enumerated().map { index, pair in
            let (method, pattern) = pair
            return Route(method, try PathPattern(pattern), operationID: "operation\(index)", metadata: pattern) {
                .text(pattern + " \($0.parameters["id"] ?? "")")
            }
        }
        return try Router(routes)
    }

    @Test func `a route is found by method and path`() async throws {
        let router = try router([
            (.get, "/"), (.get, "/a"), (.get, "/a/{id}"), (.post, "/a"), (.get, "/a/new"), (.get, "/n/{id:int}"),
            (.get, "/u/{id:uuid}/x"), (.get, "/f/{id...}"), (.get, "/a/{id}/b/{other}"),
        ])
        let found: [(String, String?)] = [
            ("/", "/ "), ("/a", "/a "), ("/a/7", "/a/{id} 7"), ("/a/new", "/a/new "), ("/a/", nil), ("/a/7/", nil),
            ("/n/12", "/n/{id:int} 12"), ("/n/x", nil), ("/n/012", nil), ("/n/9223372036854775808", nil),
            ("/u/0190a6c0-0000-7000-8000-000000000000/x", "/u/{id:uuid}/x 0190a6c0-0000-7000-8000-000000000000"),
            ("/u/0190A6C0-0000-7000-8000-000000000000/x", nil), ("/f/a/b/c", "/f/{id...} a/b/c"), ("/f/", nil),
            ("/f", nil), ("/a/7/b/8", "/a/{id}/b/{other} 7"), ("/a/new/b/8", "/a/{id}/b/{other} new"), ("/A", nil),
            ("/a%2Fb", nil), ("/a/x%2Fy", "/a/{id} x/y"), ("//a", nil),
        ]
        for (path, text) in found {
            let answer = await router.respond(to: try Request(.get, path))
            #expect(answer.status == (text == nil ? 404 : 200), "\(path)")
            if let text { #expect(body(answer) == text) }
        }
    }

    @Test func `another method is told what is allowed`() async throws {
        let router = try router([(.get, "/a/{id}"), (.patch, "/a/{id}")])
        let refused = await router.respond(to: try Request(.delete, "/a/1"))
        #expect(refused.status == 405)
        #expect(refused.headers["allow"] == "GET, HEAD, OPTIONS, PATCH")
        #expect(await router.respond(to: try Request(.options, "/a/1")).headers["allow"] == "GET, HEAD, OPTIONS, PATCH")
        #expect(await router.respond(to: try Request(.head, "/a/1")).status == 200)
        #expect(await router.respond(to: try Request(.options, "*")).status == 204)
        #expect(await router.respond(to: try Request(.options, "/b")).status == 404)
    }

    @Test func `routes are enumerated with what is known of them`() throws {
        let router = try router([(.get, "/a/{id:int}"), (.post, "/b")])
        #expect(router.routes.map(\.metadata) == ["/a/{id:int}", "/b"])
        #expect(router.routes.map(\.operationID) == ["operation0", "operation1"])
        #expect(router.routes[0].pattern.parameters.map(\.name) == ["id"])
    }

    @Test func `a table that could be read in two ways is refused`() throws {
        #expect(throws: RouteError.duplicate(method: "GET", pattern: "/a/{id}")) {
            try router([(.get, "/a/{id}"), (.get, "/a/{id}")])
        }
        #expect(throws: RouteError.ambiguous("/a/{id}", "/a/{name}")) {
            try router([(.get, "/a/{id}"), (.get, "/a/{name}")])
        }
        #expect(throws: RouteError.ambiguous("/a/{id:int}/b", "/a/{id:uuid}/c")) {
            try router([(.get, "/a/{id:int}/b"), (.get, "/a/{id:uuid}/c")])
        }
        #expect(throws: RouteError.duplicateOperation("a")) {
            try Router([
                Route(.get, "/a", operationID: "a") { _ in .text("") },
                Route(.get, "/b", operationID: "a") { _ in .text("") },
            ])
        }
        for bad in ["", "a", "/{", "/a{id}", "/{id", "/{}", "/{id:float}", "/{a...}/b", "/{a}/{a}", "/{a b}"] {
            #expect(throws: RouteError.malformed(bad)) { try PathPattern(bad) }
        }
    }

    @Test func `the tree finds what comparing with every pattern finds`() throws {
        var random = SeededRandom()
        let words = ["a", "b", "c", "1", "22"]
        for _ in 0..<150 {
            var kept: [String] = []
            for _ in 0..<12 {
                let parts = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    let choice = Int.random(in: 0..<7, using: &random)
                    return choice < 5 ? words[choice] : "{p}"
                }
                // Names must differ within a pattern and agree between patterns: the depth makes both so.
                let pattern = "/" + parts.enumerated().map { $1 == "{p}" ? "{p\($0)}" : $1 }.joined(separator: "/")
                if !kept.contains(pattern) { kept.append(pattern) }
            }
            let router = try router(kept.map { (.get, $0) })
            for _ in 0..<40 {
                let segments = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    words[Int.random(in: 0..<words.count, using: &random)]
                }
                let fitting = kept.filter { fits($0, segments) }
                switch router.match(.get, segments) {
                case .route(let route, _): #expect(fitting.contains(route.metadata), "\(segments) in \(kept)")
                case .notFound: #expect(fitting.isEmpty, "\(segments) in \(kept)")
                case .notAllowed: Issue.record("only GET stands there")
                }
                // A literal wins at the first place where patterns differ.
                if case .route(let route, _) = router.match(.get, segments) {
                    #expect(route.metadata == fitting.min { rank($0) < rank($1) })
                }
            }
        }
    }

    private func fits(_ pattern: String, _ segments: [String]) -> Bool {
        let parts = pattern.dropFirst().split(separator: "/")
        return parts.count == segments.count && zip(parts, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    private func rank(_ pattern: String) -> String {
        String(pattern.dropFirst().split(separator: "/").map { $0.hasPrefix("{") ? "1" : "0" }.joined())
    }

    @Test func `what a handler throws becomes a problem`() async throws {
        struct Odd: Error {}
        let router = try Router([
            Route<Void>(.get, "/problem", operationID: "problem") { _ in
                throw Problem(409, code: "taken", detail: "It is taken.")
            },
            Route<Void>(.get, "/odd", operationID: "odd") { _ in throw Odd() },
            Route<Void>(.post, "/large", operationID: "large", bodyLimit: 3) {
                .text("\(try await $0.body.collect().count)")
            },
        ])
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let request = try Request(.get, "/problem", headers: RequestHeaders([("traceparent", trace)]))
        let answer = await router.respond(to: request)
        #expect(answer.status == 409)
        #expect(body(answer).contains(#""instance":"/problem","trace_id":"0af7651916cd43dd8448eb211c80319c""#))
        let odd = await router.respond(to: try Request(.get, "/odd"))
        #expect(odd.status == 500)
        #expect(!body(odd).contains("Odd"))
        #expect(await router.respond(to: try Request(.post, "/large", body: [1, 2, 3])).status == 200)
        #expect(await router.respond(to: try Request(.post, "/large", body: [1, 2, 3, 4])).status == 413)
    }

    @Test func `layers stand around handlers in their order, and leave values for them`() async throws {
        struct Caller: RequestValue { var name: String }
        let outer: RouteLayer<String> = { request, route, next in
            guard request.headers["x-key"] != nil else { throw Problem(401, code: "unauthorized") }
            var request = request
            request[Caller.self] = Caller(name: "caller")
            var response = try await next(request)
            response.headers["x-permission"] = HeaderValue(withoutControls: route.metadata)
            return response
        }
        let inner: RouteLayer<String> = { request, _, next in
            var request = request
            let id = request.parameters["id"] ?? ""
            request[Caller.self]?.name += " of \(id)"
            return try await next(request)
        }
        let router = try Router(
            [
                Route(.get, "/a/{id}", operationID: "a", metadata: "read") { request in
                    .text(request[Caller.self]?.name ?? "nobody")
                }
            ],
            layers: [outer, inner]
        )
        #expect(await router.respond(to: try Request(.get, "/a/7")).status == 401)
        let known = try Request(.get, "/a/7", headers: RequestHeaders([("x-key", "k")]))
        let answer = await router.respond(to: known)
        #expect(body(answer) == "caller of 7")
        #expect(answer.headers["x-permission"] == "read")
        #expect(await router.respond(to: try Request(.get, "/b")).status == 404)
    }

    @Test func `a body of JSON says so`() async throws {
        let router = try Router([
            Route(.post, "/", operationID: "json") { .text("\(try await $0.jsonBody(limit: 3).count)") }
        ])
        let types: [(String?, HTTPStatus)] = [
            ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/merge-patch+json", 200),
            ("text/plain", 415), ("application/jsonx", 415), ("text/x+json", 415), ("", 415), (nil, 415),
        ]
        for (type, status) in types {
            let name: HeaderName = "content-type"
            let headers = RequestHeaders(type.map { [(name, $0)] } ?? [])
            let answer = await router.respond(to: try Request(.post, "/", headers: headers, body: [1, 2, 3]))
            #expect(answer.status == status, "\(type ?? "none")")
        }
        let json = RequestHeaders([("content-type", "application/json")])
        #expect(await router.respond(to: try Request(.post, "/", headers: json, body: [1, 2, 3, 4])).status == 413)
    }

    private func body(_ response: Response) -> String {
        if case .octets(let octets) = response.body { String(decoding: octets, as: UTF8.self) } else { "" }
    }
}
